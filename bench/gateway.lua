-- wrk's requests for bench/gateway.py: -- page|purchase MEMBERS. Answers with one line of JSON.
local what, members, prefix, number

function init(args)
  what, members = args[1], tonumber(args[2])
  -- Each run draws a prefix of its own, so that no purchase id comes twice.
  local random = io.open("/dev/urandom", "rb")
  local seed = 0
  for _, byte in ipairs({random:read(6):byte(1, 6)}) do seed = seed * 256 + byte end
  random:close()
  math.randomseed(seed % 2147483647)
  prefix, number = string.format("%x", seed), 0
  wrk.headers["Content-Type"] = "application/json"
end

local PURCHASE = '{"purchase_id":"w%s-%d","member_id":"w%08d","store_id":"302","channel":"STORE",' ..
  '"occurred_at_ms":1490000000000,"lines":[' ..
  '{"line_id":"1","sku":"81000042","category":"GROCERY","brand":"National","quantity":2,"paid_fen":3590},' ..
  '{"line_id":"2","sku":"81000043","category":"PRODUCE","brand":"National","quantity":1,"paid_fen":1250},' ..
  '{"line_id":"3","sku":"81000044","category":"DRUG GM","brand":"Private","quantity":1,"paid_fen":899}]}'

function request()
  local member = math.random(members)
  if what == "page" then return wrk.format("GET", string.format("/v1/members/m%08d", member)) end
  number = number + 1
  return wrk.format("POST", "/v1/purchases", nil, string.format(PURCHASE, prefix, number, member))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
