-- Renews the lease of a UDP port. One that nobody else has taken is renewed even when it had run out or Redis lost it:
-- its holder has the port bound.
-- KEYS  1 ports (ZSET port → ms from which it may be taken)   2 holders (HASH port → holder, and `range`)
-- ARGV  1 port   2 holder   3 TTL (ms)
-- Returns 1 renewed, 0 somebody else holds it now.
-- @include ../../../common/lua/now-ms.lua
-- @include keep-ports.lua
local now = now_ms()
local holder = redis.call('HGET', KEYS[2], ARGV[1])
if holder and holder ~= ARGV[2] and tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0) > now then return 0 end
redis.call('ZADD', KEYS[1], ms(now + ARGV[3]), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
keep_ports()
return 1
