-- Reports something to a stream's webhooks that does not change its state. The stream's owner is not involved.
-- KEYS  1 stream record   2 outbox
-- ARGV  1 stream id   2 run   3 reason   4 the event's text
-- Returns 1 reported, 0 the record is of another run, or gone.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include ../../../common/stream/lua/append-event.lua
if redis.call('HGET', KEYS[1], 'run') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'updatedAt', ms(now_ms()))
append_event(KEYS[1], KEYS[2], ARGV[1], ARGV[4], ARGV[3])
return 1
