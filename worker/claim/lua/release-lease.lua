-- Gives a stream's lease back at once, so that the next owner does not wait for it to run out.
-- KEYS  1 stream record
-- ARGV  1 token
-- Returns 1 released, 0 it was not ours any more.
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'owner', 'leaseUntil')
return 1
