-- Ends the lease of a process that is known to be dead, so that the next owner does not wait for it to run out. The owner's
-- name says so from then on: a renewal that the dead one still had on its way is fenced. May be repeated.
-- KEYS  1 stream record
-- ARGV  1 run   2 the process: what its owners' names begin with
-- Returns 1 ended, 0 it is not its any more.
-- @include ../../../common/redis/lua/now-ms.lua
local h = redis.call('HMGET', KEYS[1], 'run', 'owner', 'leaseUntil')
if h[1] ~= ARGV[1] or string.sub(h[2] or '', 1, #ARGV[2] + 1) ~= ARGV[2] .. '/' then return 0 end
local ended = ms(math.min(tonumber(h[3]) or 0, now_ms()))
redis.call('HSET', KEYS[1], 'leaseUntil', ended, 'owner', ARGV[2] .. '/dead')
return 1
