-- A lane that nothing was heard of for long: its first event, so that its job can be looked for.
-- KEYS  1 lane   2 its jobs   3 the lanes by the time at which they are checked
-- ARGV  1 lane's name   2 check it again in so many ms
-- Returns {id, job}, or nothing when the lane is gone.
-- @include ../../../common/redis/lua/now-ms.lua
local id = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
local job = id and redis.call('HGET', KEYS[2], id)
if job then
  redis.call('ZADD', KEYS[3], ms(now_ms() + tonumber(ARGV[2])), ARGV[1])
  return { id, job }
end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[1], KEYS[2])
return {}
