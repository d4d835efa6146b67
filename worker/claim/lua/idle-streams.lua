-- Scans some of the live streams for those without an owner for a while.
-- KEYS  1 live set
-- ARGV  1 cursor ('0' to begin)   2 how many to scan, about   3 how long they had no owner after their creation (ms)
--       4 how long after its end a lease was not taken (ms)   5 prefix of the records' keys
-- Returns {next cursor ('0' at the end), id, run, id, run ...}.
-- @include ../../../common/redis/lua/now-ms.lua
local now = now_ms()
local scan = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local answer = { scan[1] }
for _, id in ipairs(scan[2]) do
  local h = redis.call('HMGET', ARGV[5] .. id, 'leaseUntil', 'createdAt', 'run')
  local grace = h[1] and ARGV[4] or ARGV[3]
  if h[3] and now - tonumber(h[1] or h[2] or now) > tonumber(grace) then
    table.insert(answer, id)
    table.insert(answer, h[3])
  end
end
return answer
