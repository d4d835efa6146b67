-- Appends a stream's event to the outbox, in the same atomic step as the change it tells of (invariant I6), says it on the
-- channel of the outbox's name, for those who listen now, and keeps its text in the record, for those who ask.
local function append_event(record, outbox, id, update)
  local seq = redis.call('HINCRBY', record, 'seq', 1)
  redis.call('HSET', record, 'update', update)
  local h = redis.call('HMGET', record, 'run', 'token', 'state', 'reason', 'streamLink', 'srtUrl', 'webhookUrls', 'updatedAt',
    'recordingLink')
  local event = { 'streamId', id, 'seq', seq, 'run', h[1] or '', 'token', h[2] or '0', 'state', h[3] or '',
    'reason', h[4] or '', 'streamLink', h[5] or '', 'srtUrl', h[6] or '', 'webhookUrls', h[7] or '[]', 'time', h[8] or '',
    'update', update, 'recordingLink', h[9] or '' }
  redis.call('XADD', outbox, '*', unpack(event))
  redis.call('PUBLISH', outbox, cjson.encode(event))
  return seq
end
