-- An attempt is over: frees its place, notes how its host was, and finds what is due now.
-- KEYS  1 deliveries of the stream   2 their order
-- ARGV  1 limits   2 prefix   3 lane   4 host   5 id   6 'left' (delivered or given up), 'ended' (so is all of its lane) or 'retry'
--       7 how the host was: 'ok' (2xx), 'answered', 'silent' or '' (nothing was learned)   8 time to the answer (ms)
--       9 the next attempt comes in so many ms   10 record of the delivery (JSON), '' = unchanged   11 a random number, 0 to 1
-- Returns {what is due, as wake() makes it; for how long the circuit is open (ms) when this lane tries it next, otherwise 0;
--          '1' when the circuit was closed before}.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include receiver-host.lua
-- @include note-delivery.lua
local prefix, lane, name, id, outcome, how = unpack(ARGV, 2, 7)
local now = now_ms()
redis.call('ZREM', prefix .. 'places:' .. name, lane)
redis.call('ZREM', prefix .. 'retries:' .. name, lane)
local host = read_host(prefix, name, now)
local key, due, opened = host.lane .. lane, {}, '0'

local function note_answer(took)
  host.silent, host.open_until, host.probe = 0, 0, ''
  host.bad = how == 'ok' and 0 or host.bad + 1
  if how == 'ok' then host.ms = host.ms and host.ms + 0.3 * (took - host.ms) or took end
end

-- The attempts that were under way when the circuit opened say nothing new.
local function note_silence()
  host.silent = host.silent + 1
  if not is_open(host) or host.open_until > now then return end
  if host.silent == limits.silent then opened = '1' end
  local longer = limits.openMs * 2 ^ math.min(host.silent - limits.silent, 20)
  -- Circuits that opened together do not end together.
  host.open_until, host.probe = now + math.min(longer, limits.longestMs) * (1 + tonumber(ARGV[11]) / 2), lane
end

-- One lane tries an open circuit at its end. When this one leaves, another one does.
local function pass_probe_on()
  for _, waiting in ipairs({ host.waiting, host.parked }) do
    for _ = 1, 20 do
      local other = redis.call('ZRANGE', waiting, 0, 0)[1]
      if not other then break end
      local next_id, job = head_of(host, other)
      if next_id then
        host.probe = other
        local there = waiting == host.parked and '1' or '0'
        return table.insert(due, { next_id, job, there, ms(math.max(0, host.open_until - now)), '0' })
      end
      redis.call('ZREM', waiting, other)
    end
  end
  host.probe = ''
end

local function check_at(at)
  redis.call('ZADD', prefix .. 'lanes', ms(at), lane)
  redis.call('EXPIRE', prefix .. 'lanes', limits.laneTtl)
end

local function end_all()
  for _, other in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    local read, record = pcall(cjson.decode, redis.call('HGET', KEYS[1], other) or '')
    if read and type(record) == 'table' then
      record.status = 'ended'
      update_delivery(KEYS[1], KEYS[2], other, cjson.encode(record))
    end
  end
  redis.call('DEL', key, key .. ':jobs')
end

local probe_before = host.probe
if how == 'ok' or how == 'answered' then note_answer(tonumber(ARGV[8])) elseif how == 'silent' then note_silence() end
if ARGV[10] ~= '' then update_delivery(KEYS[1], KEYS[2], id, ARGV[10]) end
if outcome == 'retry' then
  check_at(math.max(now + tonumber(ARGV[9]), host.open_until) + limits.recheckMs)
else
  redis.call('ZREM', key, id)
  redis.call('HDEL', key .. ':jobs', id)
  if outcome == 'ended' then end_all() end
  if redis.call('EXISTS', key) == 1 then
    redis.call('ZADD', host.waiting, 'NX', ms(now), lane)
    keep(host, host.waiting)
    check_at(now + limits.recheckMs)
  else
    redis.call('ZREM', prefix .. 'lanes', lane)
    redis.call('ZREM', host.waiting, lane)
    redis.call('ZREM', host.parked, lane)
  end
  if is_open(host) and host.probe == lane then pass_probe_on() end
end
if how == 'ok' or how == 'answered' or lane == probe_before then host.probe_until = 0 end
if how ~= '' or host.probe ~= probe_before then
  redis.call('HSET', host.key, 'ms', host.ms or '', 'silent', host.silent, 'bad', host.bad, 'until', ms(host.open_until),
    'probe', host.probe, 'probeUntil', ms(host.probe_until))
  keep(host, host.key)
end
local pause = (how == 'answered' or how == 'silent') and not is_prompt(host, now) and limits.pauseMs or 0
wake(host, now, pause, due)
local probes = outcome == 'retry' and is_open(host) and host.probe == lane
return { due, probes and math.max(0, host.open_until - now) or 0, opened }
