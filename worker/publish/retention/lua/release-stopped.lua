-- Ends a hold (hold-stopped.lua).
-- KEYS  1 hold
-- ARGV  1 who holds
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
