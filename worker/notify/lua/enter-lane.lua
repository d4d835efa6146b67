-- A job was taken: may it be sent now?
-- KEYS  1 deliveries of the stream
-- ARGV  1 limits   2 prefix   3 lane   4 host   5 id   6 '1' for the first attempt
-- Returns {what, time (ms), '1' when the host is prompt, the job (JSON) of the lane's first event when that is another one,
--          when to come again (ms; 0: it will be called)}; what is
--   send     now, with a place
--   park     the host has no place, or its circuit is open
--   behind   another event of the lane is first
--   gone     it was delivered, or is no longer wanted
--   again    it was given up, and someone asks for one more attempt
-- @include ../../../common/redis/lua/now-ms.lua
-- @include receiver-host.lua
local prefix, lane, name, id = unpack(ARGV, 2, 5)
local now = now_ms()
local host = read_host(prefix, name, now)
local prompt = is_prompt(host, now) and '1' or '0'
local head, job = head_of(host, lane)
if not redis.call('ZSCORE', host.lane .. lane, id) then
  local record = redis.call('HGET', KEYS[1], id)
  local known, delivery = pcall(cjson.decode, record or '')
  local status = known and type(delivery) == 'table' and delivery.status
  return { (status == 'delivered' or status == 'ended') and 'gone' or 'again', ms(now), prompt, job or '', 0 }
end
if head ~= id then return { 'behind', ms(now), prompt, job or '', 0 } end
local first = ARGV[6] == '1'
local holds = redis.call('ZSCORE', host.places, lane) or redis.call('ZSCORE', host.retries, lane)
if holds then first = redis.call('ZSCORE', host.places, lane) and true or false end
local allowed = holds or has_place(host, first, now)
-- A place that was given before the circuit opened is none.
if is_open(host) then allowed = host.open_until <= now and (host.probe == lane or host.probe_until <= now) end
if allowed then
  redis.call('ZADD', prefix .. 'lanes', ms(now + limits.placeMs), lane)
  take_place(host, lane, first, now, now)
  return { 'send', ms(now), prompt, '', 0 }
end
redis.call('ZREM', host.places, lane)
redis.call('ZREM', host.retries, lane)
redis.call('ZADD', host.parked, 'NX', ms(now), lane)
redis.call('ZADD', prefix .. 'lanes', ms(now + limits.recheckMs), lane)
keep(host, host.parked)
-- The clocks of two hosts differ: the lane that tries an open circuit may come too early.
return { 'park', ms(now), prompt, '', host.probe == lane and math.max(50, host.open_until - now) or 0 }
