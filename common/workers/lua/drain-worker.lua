-- Drains a worker.
-- KEYS  1 drained workers (ZSET id → ms until which that holds)
-- ARGV  1 worker id   2 for how long it holds, unless the worker renews it (ms)
-- @include ../../redis/lua/now-ms.lua
redis.call('ZADD', KEYS[1], ms(now_ms() + ARGV[2]), ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
