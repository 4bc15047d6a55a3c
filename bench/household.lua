-- What phones send after reading a card. Arguments: the file of the cards.
dofile((debug.getinfo(1, "S").source:sub(2):match("(.*/)") or "") .. "told.lua")

function init(arguments)
  cards = lines(arguments[1])
  math.randomseed(os.time() * 16 + number)
end

function request()
  return wrk.format("GET", "/c/" .. cards[math.random(#cards)])
end
