-- GET requests. Arguments: a file of paths; a bearer token, if needed.
dofile((debug.getinfo(1, "S").source:sub(2):match("(.*/)") or "") .. "common.lua")

function init(arguments)
  paths = lines(arguments[1])
  headers = arguments[2] and { ["Authorization"] = "Bearer " .. arguments[2] } or nil
  seed()
end

function request()
  return wrk.format("GET", paths[math.random(#paths)], headers)
end
