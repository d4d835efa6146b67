-- Changes fields of a stream that its owner does not write, unless another call has changed some since they were read.
-- KEYS  1 stream record
-- ARGV  1 run   2 how often the record was edited when it was read   3 ... field, value pairs; value '' deletes
-- Returns 1 written, 0 it is another run's by now, or was edited.
-- @include ../../redis/lua/now-ms.lua
local h = redis.call('HMGET', KEYS[1], 'run', 'edits')
if h[1] ~= ARGV[1] or (h[2] or '0') ~= ARGV[2] then return 0 end
for i = 3, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i]) else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('HINCRBY', KEYS[1], 'edits', 1)
redis.call('HSET', KEYS[1], 'updatedAt', ms(now_ms()))
return 1
