-- Takes a request that has an Idempotency-Key, so that it is carried out once.
-- KEYS  1 entry of the key
-- ARGV  1 the request's digest   2 the taker   3 for how long it may take (ms)   4 TTL of the entry (s)
-- Returns {'mine'}; {'done', reply}; {'busy'} while another one carries it out; {'other'} the key belongs to another request.
-- @include ../../../common/redis/lua/now-ms.lua
local h = redis.call('HMGET', KEYS[1], 'request', 'reply', 'until')
if h[1] and h[1] ~= ARGV[1] then return { 'other' } end
if h[2] then return { 'done', h[2] } end
local now = now_ms()
if tonumber(h[3] or 0) > now then return { 'busy' } end
redis.call('HSET', KEYS[1], 'request', ARGV[1], 'taker', ARGV[2], 'until', ms(now + ARGV[3]))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return { 'mine' }
