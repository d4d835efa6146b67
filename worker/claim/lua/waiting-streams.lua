-- Scans some of the live streams for those without an owner. Each gets one event that says why it waits; one that has waited too long
-- for its first worker is STOPPED. The reason for waiting goes when a worker takes the stream (acquire-lease.lua).
-- KEYS  1 live set   2 outbox
-- ARGV  1 cursor ('0' to begin)   2 how many to scan, about   3 prefix of the records' keys   4 why they wait, '' = not known
--       5 how long a stream may wait for its first worker (ms)   6 the event's text after that time   7 record TTL after STOPPED (s)
-- Returns {next cursor ('0' at the end), 'waiting' or 'stopped', id, run, ...}.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include ../../../common/stream/lua/append-event.lua
local now = now_ms()
local scan = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local answer = { scan[1] }
local function write(what, id, record, run, update, ...)
  redis.call('HSET', record, 'updatedAt', ms(now), ...)
  append_event(record, KEYS[2], id, update)
  for _, value in ipairs({ what, id, run }) do table.insert(answer, value) end
end
for _, id in ipairs(scan[2]) do
  local record = ARGV[3] .. id
  local h = redis.call('HMGET', record, 'run', 'state', 'leaseUntil', 'reason', 'createdAt', 'desired', 'stopReason')
  local held = tonumber(h[3]) or 0
  local since = math.max(tonumber(h[5]) or now, held)
  if h[1] and h[2] ~= 'STOPPED' and held <= now then
    if h[2] == 'INITIALISED' and now - since > tonumber(ARGV[5]) then
      -- A stop that was wanted all the while is carried out with this.
      local reason = h[6] == 'stop' and h[7] or 'no_capacity'
      write('stopped', id, record, h[1], ARGV[6], 'state', 'STOPPED', 'reason', reason)
      redis.call('HDEL', record, 'owner', 'leaseUntil', 'reasonBefore')
      redis.call('SREM', KEYS[1], id)
      redis.call('EXPIRE', record, ARGV[7])
    elseif ARGV[4] ~= '' and h[4] ~= 'no_capacity' then
      write('waiting', id, record, h[1], ARGV[4], 'reason', 'no_capacity', 'reasonBefore', h[4] or '')
    end
  end
end
return answer
