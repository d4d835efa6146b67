import { expect, test } from 'vitest';
import { streamTimes } from './streamTimes.ts';

const times = { connectMs: 120_000, reconnectMs: 90_000 };

test.each([
  ['nothing: the worker counts', {}, times],
  ['a window', { connectTimeoutSeconds: '20' }, { ...times, connectMs: 20_000 }],
  ['both', { connectTimeoutSeconds: '20', reconnectTimeoutSeconds: '0.5' }, { connectMs: 20_000, reconnectMs: 500 }],
  ['what is no number', { connectTimeoutSeconds: 'x', reconnectTimeoutSeconds: '-1' }, times],
])('%s', (_name, record: Record<string, string>, expected) => {
  expect(streamTimes(field => record[field], times)).toEqual(expected);
});
