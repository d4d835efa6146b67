-- Says why a stream that nobody holds is not taken. The reason goes when somebody takes it (acquire-lease.lua).
-- KEYS  1 stream record   2 outbox
-- ARGV  1 stream id   2 run   3 the event's text
-- Returns 1 told, 0 there is nothing to tell: another run, over, held, or told before.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include ../../../common/stream/lua/append-event.lua
local h = redis.call('HMGET', KEYS[1], 'run', 'state', 'leaseUntil', 'reason')
if h[1] ~= ARGV[2] or h[2] == 'STOPPED' or h[4] == 'no_capacity' then return 0 end
if h[3] and tonumber(h[3]) > now_ms() then return 0 end
redis.call('HSET', KEYS[1], 'reason', 'no_capacity', 'reasonBefore', h[4] or '', 'updatedAt', ms(now_ms()))
append_event(KEYS[1], KEYS[2], ARGV[1], ARGV[3])
return 1
