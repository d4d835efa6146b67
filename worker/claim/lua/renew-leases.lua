-- Renews the leases of streams that one worker holds, and reads the desired state of each.
-- KEYS  stream records
-- ARGV  token, run, TTL (ms) of each, in the same order
-- Returns for each {1, desired, stopReason, event sequence, keyGeneration, keyFloor, passphrase} renewed; {0} fenced: another owner or another run has it;
-- {2} Redis has lost the record.
-- @include ../../../common/redis/lua/now-ms.lua
local now = now_ms()
local answers = {}
for i, record in ipairs(KEYS) do
  local h = redis.call('HMGET', record, 'token', 'owner', 'desired', 'stopReason', 'seq', 'run', 'keyGeneration', 'keyFloor',
    'passphrase')
  local token, run, ttl = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
  if not h[6] then
    answers[i] = { 2 }
  elseif h[1] ~= token or h[6] ~= run or not h[2] or string.sub(h[2], -5) == '/dead' then
    answers[i] = { 0 }
  else
    redis.call('HSET', record, 'leaseUntil', ms(now + ttl))
    answers[i] = { 1, h[3] or 'run', h[4] or '', h[5] or '0', h[7] or '', h[8] or '', h[9] or '' }
  end
end
return answers
