-- The receiver of a stream's own webhook wants no more: its URL leaves the record.
-- KEYS  1 stream record   2 outbox
-- ARGV  1 stream id   2 URL   3 the event's text
-- Returns 1 when the record had it.
-- @include ../../../common/redis/lua/now-ms.lua
-- @include ../../../common/stream/lua/append-event.lua
local h = redis.call('HMGET', KEYS[1], 'webhookUrls', 'endedWebhooks', 'state')
local function list(text)
  local read, value = pcall(cjson.decode, text or '[]')
  return read and type(value) == 'table' and value or {}
end
-- cjson writes an empty table as an object.
local function write(field, values) redis.call('HSET', KEYS[1], field, #values == 0 and '[]' or cjson.encode(values)) end
local kept, found = {}, false
for _, url in ipairs(list(h[1])) do
  if url == ARGV[2] then found = true else table.insert(kept, url) end
end
if not found then return 0 end
local ended = list(h[2])
table.insert(ended, ARGV[2])
write('webhookUrls', kept)
write('endedWebhooks', ended)
redis.call('HSET', KEYS[1], 'updatedAt', ms(now_ms()))
-- STOPPED is the last event of a run.
if h[3] ~= 'STOPPED' then append_event(KEYS[1], KEYS[2], ARGV[1], ARGV[3], 'webhook_ended') end
return 1
