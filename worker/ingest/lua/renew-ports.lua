-- Renews leases of UDP ports of a node. One that no other holder has taken is renewed even when it had expired or Redis lost
-- it: its holder has the port bound.
-- KEYS  1 ports (ZSET port → ms from which it may be taken)   2 holders (HASH port → holder, and `range`)
-- ARGV  1 TTL (ms)   2 port, holder, port, holder ...
-- Returns for each 1 renewed, 0 another holder has it now.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include keep-ports.lua
local now = now_ms()
local answers = {}
for i = 2, #ARGV, 2 do
  local port = ARGV[i]
  local holder = redis.call('HGET', KEYS[2], port)
  if holder and holder ~= ARGV[i + 1] and tonumber(redis.call('ZSCORE', KEYS[1], port) or 0) > now then
    table.insert(answers, 0)
  else
    redis.call('ZADD', KEYS[1], ms(now + ARGV[1]), port)
    redis.call('HSET', KEYS[2], port, ARGV[i + 1])
    table.insert(answers, 1)
  end
end
keep_ports()
return answers
