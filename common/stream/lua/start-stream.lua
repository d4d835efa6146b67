-- Creates a stream's record for a new run, unless a run of that id is under way or too many streams are.
-- KEYS  1 stream record   2 live set   3 index   4 outbox
-- ARGV  1 stream id   2 run   3 most streams that are not STOPPED (0: any number)
--       4 options and webhooks: field, value, field, value ...
-- Returns {1, ''} created, {0, <state>} when the stream is running, or {2, <number>} when so many streams are not STOPPED.
-- @include ../../redis/lua/now-ms.lua
-- @include append-event.lua
local state = redis.call('HGET', KEYS[1], 'state')
if state and state ~= 'STOPPED' then return { 0, state } end
local most, live = tonumber(ARGV[3]), redis.call('SCARD', KEYS[2])
if most > 0 and live >= most then return { 2, tostring(live) } end
-- The fencing token and the event sequence outlive a run; nothing else does.
local kept = redis.call('HMGET', KEYS[1], 'token', 'seq')
redis.call('DEL', KEYS[1])
local now = ms(now_ms())
redis.call('HSET', KEYS[1], 'streamId', ARGV[1], 'run', ARGV[2], 'state', 'INITIALISED', 'reason', 'created',
  'desired', 'run', 'createdAt', now, 'updatedAt', now)
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
if kept[1] then redis.call('HSET', KEYS[1], 'token', kept[1]) end
if kept[2] then redis.call('HSET', KEYS[1], 'seq', kept[2]) end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], now, ARGV[1])
-- Listings go back as far as records live (72 h): older entries point to records that have expired.
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ms(now_ms() - 259200000))
redis.call('EXPIRE', KEYS[3], 259200)
append_event(KEYS[1], KEYS[4], ARGV[1], 'Stream created; waiting for a worker')
return { 1, '' }
