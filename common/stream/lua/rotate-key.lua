-- Requests a new stream key, and a new passphrase where one is given. The stream's owner makes the key and writes the new SRT URL.
-- KEYS  1 stream record
-- ARGV  1 stream id   2 '1': all keys before the new one are revoked   3 '1': the passphrase changes   4 the passphrase, '' = none
--       5 channel that wakes the owner
-- Returns {1, run, generation of the new key}, or {0} when no such stream is running.
-- @include ../../redis/lua/now-ms.lua
local h = redis.call('HMGET', KEYS[1], 'run', 'state')
if not h[1] or h[2] == 'STOPPED' then return { 0 } end
local generation = redis.call('HINCRBY', KEYS[1], 'keyGeneration', 1)
redis.call('HSET', KEYS[1], 'updatedAt', ms(now_ms()))
if ARGV[2] == '1' then redis.call('HSET', KEYS[1], 'keyFloor', generation) end
if ARGV[3] == '1' then
  if ARGV[4] == '' then redis.call('HDEL', KEYS[1], 'passphrase') else redis.call('HSET', KEYS[1], 'passphrase', ARGV[4]) end
end
redis.call('PUBLISH', ARGV[5], ARGV[1])
return { 1, h[1], generation }
