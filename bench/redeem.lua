-- Redemptions as sent by tills: each request redeems one piece, under a new id that increases like UUIDv7.
-- Arguments: files of cards, products and tills ("token shift"); the average pause in milliseconds between the
-- requests of a connection.
dofile((debug.getinfo(1, "S").source:sub(2):match("(.*/)") or "") .. "common.lua")

function init(arguments)
  cards, products, tills = lines(arguments[1]), lines(arguments[2]), {}
  for _, line in ipairs(lines(arguments[3])) do
    local token, shift = line:match("(%S+) (%S+)")
    tills[#tills + 1] = { ["Authorization"] = "Bearer " .. token, ["X-Shift"] = shift,
                          ["Content-Type"] = "application/json" }
  end
  pause = tonumber(arguments[4])
  sent, begun = 0, os.time()
  seed()
end

function request()
  sent = sent + 1
  local id = string.format("%08x-%04x-7%03x-8%03x-%06x%06x", begun + math.floor(sent / 65536), sent % 65536,
                           number, math.random(0, 4095), math.random(0, 16777215), math.random(0, 16777215))
  local body = string.format('{"card":"%s","lines":[{"product":"%s","quantity":1,"price":1}]}',
                             cards[math.random(#cards)], products[math.random(#products)])
  return wrk.format("PUT", "/v1/redemptions/" .. id, tills[math.random(#tills)], body)
end

function delay()
  -- Random, so that connections don't send in step.
  return pause > 0 and math.random(0, 2 * pause) or 0
end
