-- Notes that a worker is alive, by Redis's clock: a worker's own clock may be wrong by any amount.
-- KEYS  1 workers (ZSET id → ms until which it counts as alive)   2 the worker's status   3 nodes (ZSET node → ms it was seen)
--       4 drained workers (ZSET id → ms until which that holds)   5 drained nodes (SET)
-- ARGV  1 worker id   2 node   3 status (JSON)   4 TTL (ms)   5 TTL of the nodes (s)
--       6 for how long a drained worker may be silent and is still drained (ms)
-- Returns 1 while the worker or its node is drained, else 0.
-- @include ../../redis/lua/now-ms.lua
local now = now_ms()
redis.call('ZADD', KEYS[1], ms(now + ARGV[4]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms(now))
redis.call('EXPIRE', KEYS[1], 86400)
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
redis.call('ZADD', KEYS[3], ms(now), ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[5])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', ms(now))
local drained = redis.call('ZSCORE', KEYS[4], ARGV[1])
if drained then
  redis.call('ZADD', KEYS[4], ms(now + ARGV[6]), ARGV[1])
  redis.call('PEXPIRE', KEYS[4], ARGV[6])
end
return (drained or redis.call('SISMEMBER', KEYS[5], ARGV[2]) == 1) and 1 or 0
