-- KEYS  1 endpoints
-- ARGV  1 id   2 the endpoint (JSON)   3 create it, unless there are so many already; 0: change one that is there
-- Returns 1 saved, 0 not.
local most = tonumber(ARGV[3])
if most > 0 then
  if redis.call('HLEN', KEYS[1]) >= most then return 0 end
elseif redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
