-- A router reports that a stream's worker is gone: its port is refused, or it sends nothing back. Ends that owner's lease at once
-- and publishes it. The owner's name says so from then on: a renewal that it still had on its way is fenced. May be repeated.
-- KEYS  1 stream record
-- ARGV  1 run   2 token of the owner that is gone   3 channel   4 stream id
-- Returns 1 ended, 0 another owner has it, or none.
-- @include ../../redis/lua/now-ms.lua
local h = redis.call('HMGET', KEYS[1], 'run', 'token', 'owner', 'leaseUntil', 'state')
if h[1] ~= ARGV[1] or h[2] ~= ARGV[2] or not h[3] or h[5] == 'STOPPED' then return 0 end
if string.sub(h[3], -5) == '/dead' then return 1 end
local process = string.match(h[3], '^([^/]*)/') or ''
redis.call('HSET', KEYS[1], 'leaseUntil', ms(math.min(tonumber(h[4]) or 0, now_ms())), 'owner', process .. '/dead')
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
