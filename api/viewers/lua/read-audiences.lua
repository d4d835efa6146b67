-- Reads what viewers of some streams have reported.
-- KEYS  of each stream: prefix of its viewers' windows, prefix of its minutes' figures
-- ARGV  1 seconds of a window   2 how many minutes
-- Returns {seconds of this minute, stream, stream, ...}; a stream is {viewers, level, minute, minute, ...}, the latest minute first, each
-- as HGETALL has it.
local now = tonumber(redis.call('TIME')[1])
local seconds = tonumber(ARGV[1])
local window, minute = math.floor(now / seconds), math.floor(now / 60)
local answer = { now % 60 }
for i = 1, #KEYS, 2 do
  local viewers, level = 0, 0
  -- The window that has just begun has not heard from every viewer.
  for at = window - 1, window do
    local key = KEYS[i] .. ':' .. at
    level = tonumber(redis.call('GET', key .. ':level') or 0)
    viewers = math.max(viewers, redis.call('PFCOUNT', key) * 2 ^ level)
  end
  local stream = { viewers, level }
  for at = 0, tonumber(ARGV[2]) - 1 do
    stream[#stream + 1] = redis.call('HGETALL', KEYS[i + 1] .. ':' .. (minute - at))
  end
  answer[#answer + 1] = stream
end
return answer
