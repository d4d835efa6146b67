-- Takes a stream's lease for one run, with a new fencing token. Asked again by the owner that has it (the first answer was lost
-- on its way) it gives the same token.
-- KEYS  1 stream record   2 hold: what an earlier run left in the store is being deleted (PurgeFence)
-- ARGV  1 run   2 owner (unique per claim)   3 TTL (ms)   4 for how long a lease that has run out is still left to its owner (ms),
--       unless that is known to be dead: Redis was away, and no owner could renew
-- Returns {1, now (ms), field, value, field, value ...} taken, with the record as it is now; its field `lostAfter` says for how
-- long (ms) an owner that did not give the lease back held it, and `lostSince` (ms) since when nothing was heard of it. {0, ms left} held by another owner; {-1} not this run any
-- more, or STOPPED.
-- @include ../../../common/redis/lua/now-ms.lua
local h = redis.call('HMGET', KEYS[1], 'run', 'state', 'owner', 'leaseUntil', 'token')
if h[1] ~= ARGV[1] or h[2] == 'STOPPED' then return { -1 } end
-- Asked again soon: a hold usually ends long before its time.
local hold = redis.call('PTTL', KEYS[2])
if hold > 0 then return { 0, ms(math.min(hold, 200)) } end
local now = now_ms()
local function taken()
  redis.call('HSET', KEYS[1], 'leaseUntil', ms(now + ARGV[3]))
  local answer = redis.call('HGETALL', KEYS[1])
  table.insert(answer, 1, 1)
  table.insert(answer, 2, ms(now))
  return answer
end
if h[3] == ARGV[2] then return taken() end
local is_dead = string.sub(h[3] or '', -5) == '/dead'
local patience = is_dead and 0 or tonumber(ARGV[4])
local left = math.max((tonumber(h[4]) or 0) - now, patience)
if h[3] and left > 0 then return { 0, ms(left) } end
-- From the clock, so it grows even after Redis lost the old one.
local token = ms(math.max((tonumber(h[5]) or 0) + 1, now))
if h[3] then
  -- The owner before was lost. One that gave the lease back is no longer in the way. One that is not known to be dead
  -- renewed its lease for the last time a whole lease before its end.
  local ended = (tonumber(h[4]) or 0) - (is_dead and 0 or tonumber(ARGV[3]))
  redis.call('HSET', KEYS[1], 'formerOwner', h[3], 'lostAfter', ms((tonumber(h[4]) or 0) - (tonumber(h[5]) or 0)), 'lostSince', ms(ended))
else
  redis.call('HDEL', KEYS[1], 'formerOwner', 'lostAfter', 'lostSince')
end
local waited = redis.call('HGET', KEYS[1], 'reasonBefore')
if waited then
  redis.call('HSET', KEYS[1], 'reason', waited, 'update', 'A worker has taken the stream')
  redis.call('HDEL', KEYS[1], 'reasonBefore')
end
redis.call('HSET', KEYS[1], 'owner', ARGV[2], 'token', token)
return taken()
