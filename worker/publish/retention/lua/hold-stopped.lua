-- Keeps new owners from a stream that is stopped (acquire-lease.lua reads the hold), unless its record has changed.
-- KEYS  1 stream record   2 hold
-- ARGV  1 the run of the record as it was read, '' = there was none   2 who holds   3 for how long (ms)
-- Returns 1 held; 0 the stream was started since, or another one holds it.
local h = redis.call('HMGET', KEYS[1], 'run', 'state')
if (h[1] or '') ~= ARGV[1] or (h[1] and h[2] ~= 'STOPPED') then return 0 end
return redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) and 1 or 0
