-- The ids of the workers that are alive, by Redis's clock.
-- KEYS  1 workers (ZSET id → ms until which it counts as alive)
-- @include ../../redis/lua/now-ms.lua
return redis.call('ZRANGE', KEYS[1], ms(now_ms()), '+inf', 'BYSCORE')
