-- Gives a leased UDP port back, to be taken at once or after a quarantine.
-- KEYS  1 ports (ZSET port → ms from which it may be taken)   2 holders (HASH port → holder, and `range`)
-- ARGV  1 port   2 holder   3 quarantine (ms), 0 = none
-- Returns 1 given back, 0 it was not this holder's any more.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include keep-ports.lua
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[1], ms(now_ms() + ARGV[3]), ARGV[1])
keep_ports()
return 1
