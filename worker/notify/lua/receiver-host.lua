-- What the cluster knows of a receiver's host, and the places for lanes that send to it. Keys of a host:
--   host:<name>      HASH  ms (average time to a 2xx), silent (attempts in a row without an answer), bad (answers in a row that are
--                          no 2xx), until (ms: the circuit is open so long), probe and probeUntil (the lane that tries an open circuit)
--   places:<name>    ZSET  lanes that may send their first attempt, by the time (ms) at which it began; in the future until it begins
--   retries:<name>   ZSET  the same for lanes that tried before
--   waiting:<name>   ZSET  lanes without a place and without a job, by the time (ms) from which they wait
--   parked:<name>    ZSET  lanes without a place whose job waits among the delayed ones
-- Needs now-ms.lua. The first argument of the script is the limits (WebhookLimits, JSON).
local limits = cjson.decode(ARGV[1])

local function read_host(prefix, name, now)
  local host = { key = prefix .. 'host:' .. name, places = prefix .. 'places:' .. name, retries = prefix .. 'retries:' .. name,
    waiting = prefix .. 'waiting:' .. name, parked = prefix .. 'parked:' .. name, lane = prefix .. 'lane:' }
  local h = redis.call('HMGET', host.key, 'ms', 'silent', 'bad', 'until', 'probe', 'probeUntil')
  host.ms, host.silent, host.bad = tonumber(h[1]), tonumber(h[2]) or 0, tonumber(h[3]) or 0
  host.open_until, host.probe, host.probe_until = tonumber(h[4]) or 0, h[5] or '', tonumber(h[6]) or 0
  host.oldest = now
  for _, key in ipairs({ host.places, host.retries }) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', ms(now - limits.placeMs))
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if first[2] then host.oldest = math.min(host.oldest, tonumber(first[2])) end
  end
  host.fresh, host.retrying = redis.call('ZCARD', host.places), redis.call('ZCARD', host.retries)
  return host
end

-- Answers with 2xx, soon, and nothing that is under way is late.
local function is_prompt(host, now)
  return host.ms ~= nil and host.ms <= limits.promptMs and host.silent == 0 and host.bad < limits.bad
    and now - host.oldest <= limits.promptMs
end

local function is_open(host) return host.silent >= limits.silent end

local function has_place(host, first, now)
  if is_open(host) then return host.open_until <= now and host.probe_until <= now end
  if not is_prompt(host, now) then return host.fresh + host.retrying < limits.share end
  if first then return host.fresh < limits.prompt end
  return host.retrying < limits.share
end

local function keep(host, ...)
  for _, key in ipairs({ ... }) do redis.call('EXPIRE', key, limits.hostTtl) end
end

-- Takes a place. `since` is now when the attempt begins, later when its job has to come first.
local function take_place(host, lane, first, now, since)
  if is_open(host) then
    host.probe, host.probe_until = lane, now + limits.placeMs
    redis.call('HSET', host.key, 'probe', lane, 'probeUntil', ms(host.probe_until))
  end
  local key = first and host.places or host.retries
  if redis.call('ZADD', key, ms(since), lane) == 1 then
    if first then host.fresh = host.fresh + 1 else host.retrying = host.retrying + 1 end
  end
  redis.call('ZREM', host.waiting, lane)
  redis.call('ZREM', host.parked, lane)
  keep(host, host.key, key)
end

-- The job of a lane's first event, or nothing.
local function head_of(host, lane)
  local id = redis.call('ZRANGE', host.lane .. lane, 0, 0)[1]
  local job = id and redis.call('HGET', host.lane .. lane .. ':jobs', id)
  if job then return id, job end
  return nil
end

-- The lane that waits for longest, of those that may have a place now.
local function next_lane(host, now)
  local fresh = has_place(host, true, now) and redis.call('ZRANGE', host.waiting, 0, 0, 'WITHSCORES') or {}
  local parked = has_place(host, false, now) and redis.call('ZRANGE', host.parked, 0, 0, 'WITHSCORES') or {}
  if fresh[1] and (not parked[1] or tonumber(fresh[2]) <= tonumber(parked[2])) then return fresh[1], true end
  return parked[1], false
end

-- Gives free places to lanes that wait. Appends {id, job, '1' when the job is there already, delay (ms), '1' when the host is prompt}.
local function wake(host, now, delay, into)
  for _ = 1, limits.prompt do
    local lane, first = next_lane(host, now)
    if not lane then return end
    local id, job = head_of(host, lane)
    if id then
      take_place(host, lane, first, now, now + delay + limits.startMs)
      table.insert(into, { id, job, first and '0' or '1', ms(delay), is_prompt(host, now) and '1' or '0' })
    else
      redis.call('ZREM', host.waiting, lane)
      redis.call('ZREM', host.parked, lane)
    end
  end
end
