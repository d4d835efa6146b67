-- Which failed jobs of a BullMQ queue are beyond a number of bytes, counted from the latest on.
-- KEYS  1 the queue's failed set
-- ARGV  1 what its jobs' keys begin with   2 bytes that may stay
-- Returns the ids of the others, oldest last.
local left = tonumber(ARGV[2])
local beyond = {}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
  left = left - redis.call('HSTRLEN', ARGV[1] .. id, 'data')
  if left < 0 then table.insert(beyond, id) end
end
return beyond
