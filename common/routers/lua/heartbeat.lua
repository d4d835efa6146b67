-- A router's sign of life, and what it says of itself.
-- KEYS  1 routers (ZSET id → ms until which it counts as alive)   2 the router's status
-- ARGV  1 router id   2 status (JSON)   3 TTL (ms)
-- @include ../../redis/lua/now-ms.lua
local now = now_ms()
redis.call('ZADD', KEYS[1], ms(now + ARGV[3]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms(now))
redis.call('EXPIRE', KEYS[1], 86400)
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
