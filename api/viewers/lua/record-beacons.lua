-- Adds the beacons of one stream's viewers to its figures. Nothing that it writes names a viewer, and all of it expires.
-- A window's viewers are counted by a HyperLogLog of their numbers. Where the window before it had more than MOST, only a share of the numbers
-- counts in this one, 1 of 2^level, each for 2^level; the first beacon of a window sets its level, for all processes.
-- KEYS  1 the streams that have viewers   2 prefix of the viewers' windows   3 prefix of the minutes' figures
-- ARGV  1 stream id   2 seconds of a window   3 MOST   then of each beacon: its number, stalls, errors, class of its join time (-1: none)
-- Returns the level.
local now = tonumber(redis.call('TIME')[1])
local seconds, most = tonumber(ARGV[2]), tonumber(ARGV[3])
local window = math.floor(now / seconds)
local here, before = KEYS[2] .. ':' .. window, KEYS[2] .. ':' .. (window - 1)
local level = tonumber(redis.call('GET', here .. ':level'))
if not level then
  local last = tonumber(redis.call('GET', before .. ':level') or 0)
  local viewers = redis.call('PFCOUNT', before) * 2 ^ last
  level = 0
  while viewers / 2 ^ level > most do level = level + 1 end
  redis.call('SET', here .. ':level', level, 'EX', 3 * seconds)
end
local minute = KEYS[3] .. ':' .. math.floor(now / 60)
local each = 2 ^ level
local function count(field, value)
  if value > 0 then redis.call('HINCRBY', minute, field, value * each) end
end
for i = 4, #ARGV, 4 do
  if tonumber(ARGV[i]) * each < 2 ^ 32 then
    redis.call('PFADD', here, ARGV[i])
    count('stalls', tonumber(ARGV[i + 1]))
    count('errors', tonumber(ARGV[i + 2]))
    local class = tonumber(ARGV[i + 3])
    if class >= 0 then count('join:' .. class, 1) end
  end
end
redis.call('EXPIRE', here, 3 * seconds)
redis.call('EXPIRE', minute, 420)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 360)
redis.call('EXPIRE', KEYS[1], 360)
return level
