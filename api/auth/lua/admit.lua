-- Decides on a batch of requests in one step: the rate limits of their addresses and keys (GCRA: a bucket of `quota` requests that fills
-- up over the window), and that each signature is used once.
-- KEYS  1 version of the API keys; then a bucket of each subject (an address or a key); then a set of used signatures of each second
-- ARGV  1 number of subjects   2 window (us); then the quota of each subject; then how long each set is kept (ms); then of each request:
--       subject of its address (0: none), subject of its key (0: none), cost, its set (0: not signed for one use), its signature's digest
-- A cost above 1 is a refused signature: it is counted and never refused here.
-- Returns {version, outcomes, left, ms until full, ms until the next request, left, ...}: three numbers for each subject; an outcome is a
-- digit for each request: 0 admitted, 1 over the limit of its address, 2 over that of its key, 3 used before.
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local subjects, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local first_set = 1 + subjects
local sets = #KEYS - first_set
local step, full, changed = {}, {}, {}
for i = 1, subjects do
  step[i] = window / tonumber(ARGV[2 + i])
  -- A key of another type counts as none, and is replaced.
  local held = redis.pcall('GET', KEYS[1 + i])
  full[i] = math.max(tonumber(type(held) == 'string' and held) or now, now)
end
local function over(i, cost) return i > 0 and full[i] + cost * step[i] - now > window end
local function count(i, cost)
  if i == 0 then return end
  full[i] = math.min(full[i] + cost * step[i], now + window)
  changed[i] = true
end
local outcomes = {}
for at = 3 + subjects + sets, #ARGV, 5 do
  local address, key = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local cost, set = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local outcome = '0'
  if cost > 1 then
    count(address, cost)
  elseif over(address, 1) then
    outcome = '1'
  elseif over(key, 1) then
    outcome = '2'
  else
    count(address, 1)
    count(key, 1)
    if set > 0 and redis.call('SADD', KEYS[first_set + set], ARGV[at + 4]) == 0 then outcome = '3' end
  end
  outcomes[#outcomes + 1] = outcome
end
for i = 1, sets do redis.call('PEXPIRE', KEYS[first_set + i], ARGV[2 + subjects + i]) end
local answer = { redis.call('GET', KEYS[1]) or '', table.concat(outcomes) }
for i = 1, subjects do
  local used = full[i] - now
  if changed[i] then redis.call('SET', KEYS[1 + i], string.format('%.0f', full[i]), 'PX', math.ceil(used / 1000) + 1) end
  answer[#answer + 1] = math.floor((window - used) / step[i] + 0.000001)
  answer[#answer + 1] = math.ceil(used / 1000)
  answer[#answer + 1] = math.max(0, math.ceil((used + step[i] - window) / 1000))
end
return answer
