import fc from 'fast-check';

const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    '{',
    '[]',
    'null',
    'NaN',
    '-1',
    '1e400',
    '9007199254740993',
    'undefined',
    '[object Object]',
    '\0',
    '💥\ud800',
  ],
  ...['__proto__', 'constructor', 'http://', 'https://[', 'file:///etc/passwd', '//', '../../etc/passwd', '/', '%00'],
  ...['{"__proto__":{"isAdmin":true}}', '[["http://127.0.0.1"]]', '["not a url"]', 'STREAMING', 'x'.repeat(200_000)],
);

const text = fc.oneof(odd, fc.string({ unit: 'binary', maxLength: 200 }), fc.json({ maxDepth: 3 }));

const fieldNames = fc.constantFrom(
  ...['streamId', 'run', 'state', 'reason', 'desired', 'token', 'seq', 'owner', 'node', 'leaseUntil', 'port', 'srtUrl'],
  ...['webhookUrls', 'createdAt', 'updatedAt', 'time', 'update', 'abr', 'url', 'body', 'eventId', 'sequence', 'order'],
  ...[
    'file',
    'key',
    'contentType',
    'cacheControl',
    'playlists',
    'nextNumber',
    'nextMediaSequence',
    '__proto__',
    'id',
    'since',
    'load',
  ],
);

/** Hostile values, as Redis may come to hold them. */
export const hostileValues = {
  text,
  /** Fields of a hash or of a stream's entry. */
  hash: fc.dictionary(fieldNames, text, { minKeys: 1, maxKeys: 12 }),
  /** A job's payload: anything that JSON can say, often with the fields of real ones. */
  payload: fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.dictionary(fieldNames, fc.oneof(text, fc.jsonValue({ maxDepth: 2 })), { maxKeys: 10 }),
  ),
};
