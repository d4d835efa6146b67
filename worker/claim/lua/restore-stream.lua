-- Writes a stream's record again after Redis lost it, as its owner remembers it.
-- KEYS  1 stream record   2 live set   3 index
-- ARGV  1 stream id   2 field, value, field, value ...
-- Returns 1 restored, 0 there is a record already.
-- @include ../../../common/redis/lua/now-ms.lua
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
for i = 2, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], redis.call('HGET', KEYS[1], 'createdAt') or ms(now_ms()), ARGV[1])
redis.call('EXPIRE', KEYS[3], 259200)
return 1
