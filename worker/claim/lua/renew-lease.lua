-- Renews a stream's lease, and reads what is wanted of the stream.
-- KEYS  1 stream record
-- ARGV  1 token   2 TTL (ms)
-- Returns {1, desired, stopReason, event sequence} renewed; {0} fenced: another owner has it; {2} Redis has lost the record.
-- @include ../../../common/lua/now-ms.lua
local h = redis.call('HMGET', KEYS[1], 'token', 'owner', 'desired', 'stopReason', 'seq')
if not h[1] then return { 2 } end
if h[1] ~= ARGV[1] or not h[2] or string.sub(h[2], -5) == '/dead' then return { 0 } end
redis.call('HSET', KEYS[1], 'leaseUntil', ms(now_ms() + ARGV[2]))
return { 1, h[3] or 'run', h[4] or '', h[5] or '0' }
