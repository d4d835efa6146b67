-- Ends a request that claim-request.lua gave out, unless another one has it by now.
-- KEYS  1 entry of the key
-- ARGV  1 the taker   2 its reply, '' = it failed   3 '1': the key may be used for another request
if redis.call('HGET', KEYS[1], 'taker') ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], 'reply', ARGV[2])
elseif ARGV[3] == '1' then
  redis.call('DEL', KEYS[1])
else
  redis.call('HSET', KEYS[1], 'until', '0')
end
return 1
