-- Gives a stream's lease back at once, so that the next owner does not wait for it to run out.
-- KEYS  1 stream record
-- ARGV  1 token   2 run   3 'free'; 'handed_over': the stream goes on, and its node's workers come first; 'moved': it goes on with
--       any worker; 'failing': the next owner is to count this one as lost
-- Returns 1 released, 0 it was not ours any more.
-- @include ../../../common/redis/lua/now-ms.lua
local h = redis.call('HMGET', KEYS[1], 'token', 'owner', 'run')
if h[1] ~= ARGV[1] or h[3] ~= ARGV[2] then return 0 end
local now = ms(now_ms())
if ARGV[3] == 'failing' then
  redis.call('HSET', KEYS[1], 'leaseUntil', now, 'owner', (h[2] or '') .. '/dead')
else
  redis.call('HDEL', KEYS[1], 'owner', 'leaseUntil')
end
if ARGV[3] == 'handed_over' then redis.call('HSET', KEYS[1], 'handedOver', now) end
if ARGV[3] == 'moved' then redis.call('HSET', KEYS[1], 'handedOver', now, 'moved', 1) end
return 1
