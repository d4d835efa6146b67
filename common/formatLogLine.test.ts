import { expect, test } from 'vitest';
import { formatLogLine } from './formatLogLine.ts';

const time = '2026-11-22T12:34:56.789Z';

test.each([
  [
    'a line for people',
    { level: 30, time, msg: 'encoder connected', streamId: 'demo', pid: 1 },
    '12:34:56 worker  encoder connected  streamId=demo',
  ],
  [
    'a warning with its cause',
    { level: 40, time, msg: 'Redis is away', err: { message: 'ECONNREFUSED' } },
    '12:34:56 worker  WARN Redis is away  ECONNREFUSED',
  ],
])('%s', (_case, entry, expected) => {
  expect(formatLogLine('worker', JSON.stringify(entry))).toBe(expected);
});

test.each(['plain text', '{"level":30,"time":"2026'])('what is no log line stays as it is: %s', line => {
  expect(formatLogLine('api', line)).toBe(`         api     ${line}`);
});
