-- Appends lines to the logs of streams that have a record. Each log is bounded, and expires when nothing is appended.
-- KEYS  of each stream: its record, its log
-- ARGV  1 how many lines a log keeps   2 seconds to live   then of each stream: how many lines follow, and these
local at = 3
for i = 1, #KEYS, 2 do
  local count = tonumber(ARGV[at])
  if redis.call('EXISTS', KEYS[i]) == 1 then
    for line = at + 1, at + count do redis.call('RPUSH', KEYS[i + 1], ARGV[line]) end
    redis.call('LTRIM', KEYS[i + 1], -ARGV[1], -1)
    redis.call('EXPIRE', KEYS[i + 1], ARGV[2])
  end
  at = at + 1 + count
end
return #KEYS
