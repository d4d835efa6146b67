-- Notes that a worker is alive, by Redis's clock: a worker's own clock may be wrong by any amount.
-- KEYS  1 workers (ZSET id → ms until which it counts as alive)   2 the worker's status   3 nodes (ZSET node → ms it was seen)
-- ARGV  1 worker id   2 node   3 status (JSON)   4 TTL (ms)   5 TTL of the nodes (s)
-- @include ../../redis/lua/now-ms.lua
local now = now_ms()
redis.call('ZADD', KEYS[1], ms(now + ARGV[4]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms(now))
redis.call('EXPIRE', KEYS[1], 86400)
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
redis.call('ZADD', KEYS[3], ms(now), ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[5])
return 1
