-- The deliveries of a stream: a HASH of records (JSON) by id, and a ZSET of the ids by the time at which they were made.
local DELIVERIES = 100
local DELIVERIES_TTL = 259200

local function new_delivery(deliveries, order, id, record, now)
  redis.call('HSET', deliveries, id, record)
  redis.call('ZADD', order, ms(now), id)
  local surplus = redis.call('ZCARD', order) - DELIVERIES
  if surplus > 0 then
    local popped = redis.call('ZPOPMIN', order, surplus)
    for i = 1, #popped, 2 do redis.call('HDEL', deliveries, popped[i]) end
  end
  redis.call('EXPIRE', deliveries, DELIVERIES_TTL)
  redis.call('EXPIRE', order, DELIVERIES_TTL)
end

-- One that was trimmed stays away.
local function update_delivery(deliveries, order, id, record)
  if redis.call('HEXISTS', deliveries, id) == 0 then return end
  redis.call('HSET', deliveries, id, record)
  redis.call('EXPIRE', deliveries, DELIVERIES_TTL)
  redis.call('EXPIRE', order, DELIVERIES_TTL)
end
