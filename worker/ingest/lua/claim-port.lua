-- Leases a UDP port of a node: the preferred one when it may be had, else the one that has been free for longest.
-- A port is free when its score (ms) has passed: given back, run out, out of quarantine, or never used (0).
-- KEYS  1 ports (ZSET port → ms from which it may be taken)   2 holders (HASH port → holder, and `range`)
-- ARGV  1 holder   2 preferred port, 0 = none   3 first port   4 last port   5 TTL (ms)
-- Returns the port; 0 when none is free.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include keep-ports.lua
local first, last = tonumber(ARGV[3]), tonumber(ARGV[4])
local now = now_ms()
-- The same stream and run, whichever owner's.
local function run_of(holder) return holder and string.match(holder, '^(.*)%.') or holder end
local function in_range(port) return tonumber(port) >= first and tonumber(port) <= last end
local function take(port)
  redis.call('ZADD', KEYS[1], ms(now + ARGV[5]), port)
  redis.call('HSET', KEYS[2], port, ARGV[1])
  keep_ports()
  return tonumber(port)
end
-- The range is new, has changed, or Redis has lost it.
local range = ARGV[3] .. '-' .. ARGV[4]
if redis.call('HGET', KEYS[2], 'range') ~= range or redis.call('ZCARD', KEYS[1]) <= last - first then
  for port = first, last do redis.call('ZADD', KEYS[1], 'NX', 0, port) end
  redis.call('HSET', KEYS[2], 'range', range)
end
if in_range(ARGV[2]) then
  local score = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[2]) or 0)
  if score <= now or run_of(redis.call('HGET', KEYS[2], ARGV[2])) == run_of(ARGV[1]) then return take(ARGV[2]) end
end
while true do
  local port = redis.call('ZRANGE', KEYS[1], '-inf', ms(now), 'BYSCORE', 'LIMIT', 0, 1)[1]
  if not port then break end
  if in_range(port) then return take(port) end
  -- Free, and of a range that was configured before: forgotten.
  redis.call('ZREM', KEYS[1], port)
  redis.call('HDEL', KEYS[2], port)
end
keep_ports()
return 0
