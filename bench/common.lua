-- Shared by all scripts: thread numbers, random seeds, reading files, printing the result.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

-- So that two loads that start in the same second differ.
function seed()
  local source = assert(io.open("/dev/urandom", "rb"))
  local a, b, c, d = source:read(4):byte(1, 4)
  source:close()
  math.randomseed(a + 256 * (b + 256 * (c + 256 * d)))
end

function lines(name)
  local all = {}
  for line in io.lines(name) do all[#all + 1] = line end
  return all
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write
                + summary.errors.timeout
  io.write(string.format('\n{"requests":%d,"microseconds":%d,"failed":%d,"p50":%d,"p99":%d}\n',
                         summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
