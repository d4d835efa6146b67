-- Gives a stream's lease back at once, so that the next owner does not wait for it to run out.
-- KEYS  1 stream record
-- ARGV  1 token   2 '1' = the owner is failing: the next one is to know
-- Returns 1 released, 0 it was not ours any more.
-- @include ../../../common/redis/lua/now-ms.lua
local h = redis.call('HMGET', KEYS[1], 'token', 'owner')
if h[1] ~= ARGV[1] then return 0 end
if ARGV[2] == '1' then
  redis.call('HSET', KEYS[1], 'leaseUntil', ms(now_ms()), 'owner', (h[2] or '') .. '/dead')
else
  redis.call('HDEL', KEYS[1], 'owner', 'leaseUntil')
end
return 1
