-- Tells a stream's webhooks of something that is no change of it, and that its owner, if it has one, need not know.
-- KEYS  1 stream record   2 outbox
-- ARGV  1 stream id   2 run   3 reason   4 the event's text
-- Returns 1 told, 0 the record is of another run, or gone.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include ../../../common/stream/lua/append-event.lua
local h = redis.call('HMGET', KEYS[1], 'run', 'reason', 'update')
if h[1] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'reason', ARGV[3], 'updatedAt', ms(now_ms()))
append_event(KEYS[1], KEYS[2], ARGV[1], ARGV[4])
-- The record goes on saying why the stream is as it is.
redis.call('HSET', KEYS[1], 'reason', h[2] or '', 'update', h[3] or '')
return 1
