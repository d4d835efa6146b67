-- Notes one restart of a run in its sliding window.
-- KEYS  1 restarts (ZSET of unique members by ms)
-- ARGV  1 member   2 window (ms)
-- Returns how many restarts lie in the window now, this one included.
-- @include ../../../common/redis/lua/now-ms.lua
local now = now_ms()
redis.call('ZADD', KEYS[1], ms(now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms(now - ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
