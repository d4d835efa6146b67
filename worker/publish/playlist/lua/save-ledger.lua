-- Saves the working copy of a stream's ledger, unless a newer owner has saved one.
-- KEYS  1 ledger
-- ARGV  1 token   2 JSON that begins with {"token":"<token>"   3 TTL (s)
-- Returns 1 saved, 0 not ours any more.
local saved = string.match(redis.call('GETRANGE', KEYS[1], 0, 63), '^{"token":"(%d+)"')
if saved and (#saved > #ARGV[1] or (#saved == #ARGV[1] and saved > ARGV[1])) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
