-- Appends one sample to each run's list. Each list is bounded, and expires when nothing is appended.
-- KEYS  the lists   ARGV  1 how many samples a list keeps   2 seconds to live   3 ... a sample for each list, in their order
for i, list in ipairs(KEYS) do
  redis.call('RPUSH', list, ARGV[i + 2])
  redis.call('LTRIM', list, -ARGV[1], -1)
  redis.call('EXPIRE', list, ARGV[2])
end
return #KEYS
