-- Removes an API key, gives the keys a new version and publishes it.
-- KEYS  1 keys (hash)   2 their version
-- ARGV  1 id   2 channel
-- Returns 1 removed, 0 there is no such key.
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('PUBLISH', ARGV[2], redis.call('INCR', KEYS[2]))
return 1
