-- Ends the lease of a process that is known to be dead, so that the next owner does not wait for it to run out. The new
-- token fences what the dead one still had on its way. May be repeated until somebody has taken the stream.
-- KEYS  1 stream record
-- ARGV  1 run   2 the process: what its owners' names begin with
-- Returns 1 ended, 0 it is not its any more.
-- @include ../../../common/lua/now-ms.lua
local h = redis.call('HMGET', KEYS[1], 'run', 'owner', 'token')
if h[1] ~= ARGV[1] or string.sub(h[2] or '', 1, #ARGV[2] + 1) ~= ARGV[2] .. '/' then return 0 end
local token = ms(math.max((tonumber(h[3]) or 0) + 1, now_ms()))
-- Not now: a claimant that is patient counts from then on.
redis.call('HSET', KEYS[1], 'leaseUntil', '0', 'token', token)
return 1
