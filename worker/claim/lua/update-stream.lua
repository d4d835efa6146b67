-- The owner's one way to write a stream: fields, a state change and its event in one atomic, fenced step.
-- KEYS  1 stream record   2 live set   3 outbox
-- ARGV  1 token   2 stream id   3 new state, '' = unchanged   4 states it may be entered from, comma-separated
--       5 the event's text, '' = no event   6 record TTL after STOPPED (s)   7 the owner's count of its writes
--       8 run   9 the event's own reason, '' = the record's   10 ... field, value pairs; value '' deletes
-- A write that was made already, or that a later one has overtaken, changes nothing: its first answer was lost on the way.
-- Returns the event's sequence (0 without one); -1 fenced: another token or another run; -2 the transition is not allowed.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include ../../../common/stream/lua/append-event.lua
local h = redis.call('HMGET', KEYS[1], 'token', 'state', 'lastWrite', 'seq', 'run')
-- A new run keeps the token of the one before until a worker takes it, so the token alone does not fence.
if h[1] ~= ARGV[1] or h[5] ~= ARGV[8] then return -1 end
local writer, count = string.match(h[3] or '', '^(%d+):(%d+)$')
if writer == ARGV[1] and tonumber(count) >= tonumber(ARGV[7]) then return tonumber(h[4] or 0) end
if ARGV[3] ~= '' then
  if not string.find(',' .. ARGV[4] .. ',', ',' .. (h[2] or '') .. ',', 1, true) then return -2 end
  redis.call('HSET', KEYS[1], 'state', ARGV[3])
end
redis.call('HSET', KEYS[1], 'updatedAt', ms(now_ms()), 'lastWrite', ARGV[1] .. ':' .. ARGV[7])
for i = 10, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i]) else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
local seq = 0
if ARGV[5] ~= '' then seq = append_event(KEYS[1], KEYS[3], ARGV[2], ARGV[5], ARGV[9] ~= '' and ARGV[9] or nil) end
if ARGV[3] == 'STOPPED' then
  redis.call('HDEL', KEYS[1], 'owner', 'leaseUntil')
  redis.call('SREM', KEYS[2], ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[6])
end
return seq
