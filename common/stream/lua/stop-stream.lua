-- Sets the desired state of a stream to stop. A stream that no worker has held yet is STOPPED at once.
-- KEYS  1 stream record   2 live set   3 outbox
-- ARGV  1 stream id   2 reason   3 record TTL after STOPPED (s)   4 channel that wakes the owner
-- Returns 0 no such running stream, 1 desired state written (the owner ends it), 2 STOPPED at once.
-- @include ../../redis/lua/now-ms.lua
-- @include append-event.lua
local h = redis.call('HMGET', KEYS[1], 'state', 'owner')
if not h[1] or h[1] == 'STOPPED' then return 0 end
redis.call('HSET', KEYS[1], 'desired', 'stop', 'stopReason', ARGV[2])
if h[1] == 'INITIALISED' and not h[2] then
  redis.call('HSET', KEYS[1], 'state', 'STOPPED', 'reason', ARGV[2], 'updatedAt', ms(now_ms()))
  redis.call('SREM', KEYS[2], ARGV[1])
  append_event(KEYS[1], KEYS[3], ARGV[1], 'Stopped before a worker took the stream')
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  return 2
end
redis.call('PUBLISH', ARGV[4], ARGV[1])
return 1
