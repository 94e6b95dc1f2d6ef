-- What wrk sends, as the environment says: a template whose @@ is another number each time, to one path after the other.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init()
  wrk.method = os.getenv("BENCH_METHOD")
  for name, value in os.getenv("BENCH_HEADERS"):gmatch("([^:\n]+): ([^\n]*)") do
    wrk.headers[name] = value
  end
  local paths = {}
  for path in os.getenv("BENCH_PATHS"):gmatch("[^\n]+") do
    paths[#paths + 1] = path
  end
  local body = os.getenv("BENCH_BODY")
  local before, after = body:match("^(.-)@@(.*)$")
  local count = 0
  if before then
    function request()
      count = count + 1
      return wrk.format(nil, paths[1], nil, before .. number .. "-" .. count .. after)
    end
  else
    local formatted = {}
    for index, path in ipairs(paths) do
      formatted[index] = wrk.format(nil, path, nil, body ~= "" and body or nil)
    end
    function request()
      count = count + 1
      return formatted[count % #formatted + 1]
    end
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('RESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"refused":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
