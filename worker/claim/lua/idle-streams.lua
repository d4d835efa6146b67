-- Looks at some of the live streams for those that nobody has held for a while.
-- KEYS  1 live set
-- ARGV  1 cursor ('0' to begin)   2 how many to look at, about   3 how long nobody held them (ms)   4 prefix of the records' keys
-- Returns {next cursor ('0' at the end), id, run, id, run ...}.
-- @include ../../../common/lua/now-ms.lua
local now = now_ms()
local scan = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local answer = { scan[1] }
for _, id in ipairs(scan[2]) do
  local h = redis.call('HMGET', ARGV[4] .. id, 'leaseUntil', 'createdAt', 'run')
  if h[3] and now - tonumber(h[1] or h[2] or now) > tonumber(ARGV[3]) then
    table.insert(answer, id)
    table.insert(answer, h[3])
  end
end
return answer
