import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mintStreamKey } from './mintStreamKey.ts';
import { parseSrtStreamId } from './parseSrtStreamId.ts';
import { srtUrl } from './srtUrl.ts';

/** SRTO_STREAMID */
const STREAM_ID_BYTES = 512;

test.each([
  ['203.0.113.7', 'srt://203.0.113.7:20000?streamid=mode=publish,rid=a,token=k'],
  ['live.example.org', 'srt://live.example.org:20000?streamid=mode=publish,rid=a,token=k'],
  ['2001:db8::1', 'srt://[2001:db8::1]:20000?streamid=mode=publish,rid=a,token=k'],
])('host %s', (host, url) => {
  expect(srtUrl({ host, port: 20_000 }, 'a', 'k')).toBe(url);
});

test('any stream id with any key fits into 512 bytes, and its URL is read back', () => {
  const streamIds = fc.string({ unit: fc.constantFrom(...'aZ09_-'), minLength: 1, maxLength: 64 });
  const runs = fc.string({ unit: fc.constantFrom(...'az09'), minLength: 1, maxLength: 24 });
  fc.assert(
    fc.property(
      streamIds,
      runs,
      fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      fc.integer({ min: 1, max: 31_536_000 }),
      (streamId, run, generation, ttlSeconds) => {
        const token = mintStreamKey({ streamId, run, generation, secret: 's'.repeat(64), ttlSeconds });
        const url = srtUrl({ host: 'h', port: 1 }, streamId, token);
        const text = url.slice(url.indexOf('mode='));
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(STREAM_ID_BYTES);
        expect(parseSrtStreamId(text)).toEqual({ mode: 'publish', resource: streamId, token });
      },
    ),
  );
});

test('the longest of all has room left for what encoders append', () => {
  const streamId = 'x'.repeat(64);
  const longest = { run: 'mfk2x1y8aabbccdd', generation: 1_000_000, secret: 's'.repeat(64), ttlSeconds: 31_536_000 };
  const url = srtUrl({ host: 'h', port: 1 }, streamId, mintStreamKey({ streamId, ...longest }));
  expect(Buffer.byteLength(url.slice(url.indexOf('mode=')))).toBeLessThan(400);
});

test('513 bytes are refused without showing the key, 512 are not', () => {
  const token = 'k'.repeat(512 - 'mode=publish,rid=a,token='.length);
  expect(srtUrl({ host: 'h', port: 1 }, 'a', token)).toContain(token);
  expect(() => srtUrl({ host: 'h', port: 1 }, 'ab', token)).toThrow(
    expect.objectContaining({ code: 'key_error', message: expect.not.stringContaining('kkk') }),
  );
});
