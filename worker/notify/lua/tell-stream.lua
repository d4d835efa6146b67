-- Reports something to a stream's webhooks that does not change its state. The stream's owner is not involved.
-- KEYS  1 stream record   2 outbox
-- ARGV  1 stream id   2 run   3 reason   4 the event's text
-- Returns 1 reported, 0 the record is of another run, or gone.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include ../../../common/stream/lua/append-event.lua
local h = redis.call('HMGET', KEYS[1], 'run', 'reason', 'update')
if h[1] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'reason', ARGV[3], 'updatedAt', ms(now_ms()))
append_event(KEYS[1], KEYS[2], ARGV[1], ARGV[4])
-- The record keeps the reason of its state.
redis.call('HSET', KEYS[1], 'reason', h[2] or '', 'update', h[3] or '')
return 1
