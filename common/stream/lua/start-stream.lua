-- Creates a stream's record for a new run, unless a run of that id is under way or too many streams are.
-- KEYS  1 stream record   2 live set   3 index   4 outbox   5 streams of the API key   6 starts of the API key in this minute
-- ARGV  1 stream id   2 run   3 most streams that are not STOPPED (0: any number)   4 the same of this key   5 most starts of this key
--       in a minute (0: any number)   6 options and webhooks: field, value, field, value ...
-- Returns {1, ''} created, {0, <state>} when the stream is running, {2, <number>} when so many streams are not STOPPED, {3, <number>} when
-- so many of this key are not, or {4, <ms>} when the key may start the next one only after that time.
-- @include ../../redis/lua/now-ms.lua
-- @include append-event.lua
local state = redis.call('HGET', KEYS[1], 'state')
if state and state ~= 'STOPPED' then return { 0, state } end
local most, live = tonumber(ARGV[3]), redis.call('SCARD', KEYS[2])
if most > 0 and live >= most then return { 2, tostring(live) } end
local of_key, starts = tonumber(ARGV[4]), tonumber(ARGV[5])
if of_key > 0 then
  -- Streams leave the live set when they are STOPPED, and the key's set only here.
  for _, id in ipairs(redis.call('SDIFF', KEYS[5], KEYS[2])) do redis.call('SREM', KEYS[5], id) end
  local running = redis.call('SCARD', KEYS[5])
  if running >= of_key then return { 3, tostring(running) } end
end
if starts > 0 then
  if tonumber(redis.call('GET', KEYS[6]) or 0) >= starts then return { 4, tostring(math.max(1, redis.call('PTTL', KEYS[6]))) } end
  if redis.call('INCR', KEYS[6]) == 1 then redis.call('PEXPIRE', KEYS[6], 60000) end
end
-- The fencing token and the event sequence outlive a run; nothing else does.
local kept = redis.call('HMGET', KEYS[1], 'token', 'seq', 'keyId')
redis.call('DEL', KEYS[1])
-- The key that started the run before has one stream less, whoever starts this one.
if kept[3] then redis.call('SREM', (string.gsub(KEYS[5], '[^:]*:streams$', kept[3] .. ':streams')), ARGV[1]) end
local now = ms(now_ms())
redis.call('HSET', KEYS[1], 'streamId', ARGV[1], 'run', ARGV[2], 'state', 'INITIALISED', 'reason', 'created',
  'desired', 'run', 'createdAt', now, 'updatedAt', now)
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
if kept[1] then redis.call('HSET', KEYS[1], 'token', kept[1]) end
if kept[2] then redis.call('HSET', KEYS[1], 'seq', kept[2]) end
redis.call('SADD', KEYS[2], ARGV[1])
if of_key > 0 then
  redis.call('SADD', KEYS[5], ARGV[1])
  redis.call('EXPIRE', KEYS[5], 2592000)
end
redis.call('ZADD', KEYS[3], now, ARGV[1])
-- Listings go back as far as records live (72 h): older entries point to records that have expired.
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ms(now_ms() - 259200000))
redis.call('EXPIRE', KEYS[3], 259200)
append_event(KEYS[1], KEYS[4], ARGV[1], 'Stream created; waiting for a worker')
return { 1, '' }
