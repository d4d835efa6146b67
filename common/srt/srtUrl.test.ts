import { expect, test } from 'vitest';
import { mintStreamKey } from './mintStreamKey.ts';
import { srtUrl } from './srtUrl.ts';

test.each([
  ['203.0.113.7', 'srt://203.0.113.7:20000?streamid=mode=publish,rid=a,token=k'],
  ['live.example.org', 'srt://live.example.org:20000?streamid=mode=publish,rid=a,token=k'],
  ['2001:db8::1', 'srt://[2001:db8::1]:20000?streamid=mode=publish,rid=a,token=k'],
])('host %s', (host, url) => {
  expect(srtUrl({ host, port: 20_000 }, 'a', 'k')).toBe(url);
});

test('the longest stream_id with a real key fits into 512 bytes', () => {
  const streamId = 'x'.repeat(64);
  const token = mintStreamKey({ streamId, run: 'mfk2x1y8aabbccdd', secret: 's'.repeat(64), ttlSeconds: 31_536_000 });
  const url = srtUrl({ host: 'h', port: 1 }, streamId, token);
  expect(Buffer.byteLength(url.slice(url.indexOf('mode=')))).toBeLessThan(400);
});

test('513 bytes are refused without showing the key, 512 are not', () => {
  const token = 'k'.repeat(512 - 'mode=publish,rid=a,token='.length);
  expect(srtUrl({ host: 'h', port: 1 }, 'a', token)).toContain(token);
  expect(() => srtUrl({ host: 'h', port: 1 }, 'ab', token)).toThrow(
    expect.objectContaining({ code: 'key_error', message: expect.not.stringContaining('kkk') }),
  );
});
