-- Puts events at the end of their lanes. An event that was put there before changes nothing: the relay may repeat itself.
-- KEYS  1 deliveries of a stream   2 their order   ... for each event
-- ARGV  1 limits   2 prefix of the lanes' and hosts' keys
--       3 for each event: lane, host, id, sequence, job (JSON), record of the delivery (JSON)
-- Returns {what is due: {id, job, '0', '0', '1' when the host is prompt} for each event that is the first of its lane and has a place;
--          what could not be written: {index, problem}}.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include receiver-host.lua
-- @include note-delivery.lua
local prefix, now = ARGV[2], now_ms()
local due, failed = {}, {}

local function enqueue(deliveries, order, lane, name, id, sequence, job, record)
  local key = prefix .. 'lane:' .. lane
  if redis.call('HEXISTS', deliveries, id) == 0 then
    redis.call('ZADD', key, sequence, id)
    redis.call('HSET', key .. ':jobs', id, job)
    redis.call('EXPIRE', key, limits.laneTtl)
    redis.call('EXPIRE', key .. ':jobs', limits.laneTtl)
    new_delivery(deliveries, order, id, record, now)
  end
  if redis.call('ZRANGE', key, 0, 0)[1] ~= id then return end
  local host = read_host(prefix, name, now)
  local check = now + limits.recheckMs
  if redis.call('ZSCORE', host.places, lane) or has_place(host, true, now) then
    take_place(host, lane, true, now, now + limits.startMs)
    table.insert(due, { id, job, '0', '0', is_prompt(host, now) and '1' or '0' })
    check = now + limits.placeMs
  else
    redis.call('ZADD', host.waiting, 'NX', ms(now), lane)
    keep(host, host.waiting)
  end
  redis.call('ZADD', prefix .. 'lanes', ms(check), lane)
  redis.call('EXPIRE', prefix .. 'lanes', limits.laneTtl)
end

for i = 0, #KEYS / 2 - 1 do
  -- A key of another type must not hold back the events of others.
  local written, problem = pcall(enqueue, KEYS[2 * i + 1], KEYS[2 * i + 2], unpack(ARGV, 3 + i * 6, 8 + i * 6))
  if not written then table.insert(failed, { i, tostring(type(problem) == 'table' and problem.err or problem) }) end
end
return { due, failed }
