-- Appends a stream's event to the outbox, in the same atomic step as the change that it reports (invariant I6), and publishes it
-- on the channel of the outbox's name. It also goes to two histories, that of all streams and the stream's own, which are bounded and expire
-- with the record (72 h). The record keeps the event's text, unless the event has a reason of its own: then it
-- changes nothing about the stream, and the record keeps the reason and the text of the stream's state.
-- A run's record keeps when it first was in a state.
local first_times = { READY = 'readyAt', STREAMING = 'streamingAt', STOPPED = 'stoppedAt' }
local function append_event(record, outbox, id, update, reason)
  local seq = redis.call('HINCRBY', record, 'seq', 1)
  if not reason then redis.call('HSET', record, 'update', update) end
  local h = redis.call('HMGET', record, 'run', 'token', 'state', 'reason', 'streamLink', 'srtUrl', 'webhookUrls', 'updatedAt',
    'recordingLink', 'trace', 'lowLatencyLink')
  if first_times[h[3]] then redis.call('HSETNX', record, first_times[h[3]], h[8]) end
  local event = { 'streamId', id, 'seq', seq, 'run', h[1] or '', 'token', h[2] or '0', 'state', h[3] or '',
    'reason', reason or h[4] or '', 'streamLink', h[5] or '', 'srtUrl', h[6] or '', 'webhookUrls', h[7] or '[]', 'time', h[8] or '',
    'update', update, 'recordingLink', h[9] or '' }
  if h[10] then
    table.insert(event, 'trace')
    table.insert(event, h[10])
  end
  if h[11] then
    table.insert(event, 'lowLatencyLink')
    table.insert(event, h[11])
  end
  redis.call('XADD', outbox, '*', unpack(event))
  redis.call('PUBLISH', outbox, cjson.encode(event))
  local all, own = outbox .. ':history', outbox .. ':history:' .. id
  redis.call('XADD', all, 'MAXLEN', '~', '10000', '*', unpack(event))
  redis.call('XADD', own, 'MAXLEN', '100', '*', unpack(event))
  redis.call('EXPIRE', all, '259200')
  redis.call('EXPIRE', own, '259200')
  return seq
end
