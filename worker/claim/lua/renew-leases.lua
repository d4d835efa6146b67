-- Renews the leases of streams that one worker holds, and reads the desired state of each.
-- KEYS  stream records
-- ARGV  token, run, TTL (ms) of each, in the same order
-- A stream that was on the air for as long as its maxDurationSeconds allow is to stop.
-- Returns for each {1, desired, stopReason, event sequence, keyGeneration, keyFloor, passphrase, streamingAt} renewed; {0} fenced:
-- another owner or another run has it; {2} Redis has lost the record.
-- @include ../../../common/redis/lua/now-ms.lua
local now = now_ms()
local answers = {}
for i, record in ipairs(KEYS) do
  local h = redis.call('HMGET', record, 'token', 'owner', 'desired', 'stopReason', 'seq', 'run', 'keyGeneration', 'keyFloor',
    'passphrase', 'streamingAt', 'maxDurationSeconds')
  local token, run, ttl = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  if not h[6] then
    answers[i] = { 2 }
  elseif h[1] ~= token or h[6] ~= run or not h[2] or string.sub(h[2], -5) == '/dead' then
    answers[i] = { 0 }
  else
    redis.call('HSET', record, 'leaseUntil', ms(now + ttl))
    if h[3] ~= 'stop' and h[10] and h[11] and now >= h[10] + h[11] * 1000 then
      h[3], h[4] = 'stop', 'max_duration'
      redis.call('HSET', record, 'desired', h[3], 'stopReason', h[4])
    end
    answers[i] = { 1, h[3] or 'run', h[4] or '', h[5] or '0', h[7] or '', h[8] or '', h[9] or '', h[10] or '' }
  end
end
return answers
