-- Adds an API key, gives the keys a new version and publishes it.
-- KEYS  1 keys (hash)   2 their version
-- ARGV  1 id   2 the key's record   3 most keys   4 channel
-- Returns 1 added, 0 there is a key of that id, 2 there are too many.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 2 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PUBLISH', ARGV[4], redis.call('INCR', KEYS[2]))
return 1
