import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withPassphrase } from '../../common/srt/withPassphrase.ts';
import { SrtServer } from './srtServer.ts';
import { callOnce } from './testing/callRepeatedly.ts';
import { startEncoder } from './testing/startEncoder.ts';
import { openTestListener, recordingLogger, type TestListener } from './testing/testListener.ts';

const TIMEOUT = 30_000;
const WAIT = { timeout: 10_000 };
const passphrase = 'correct horse, battery & staple';
/** Without signs that a URL encodes: FFmpeg does not decode them. */
const PLAIN = 'letters-and-digits-9';
const BAD_SECRET = 10;
const UNSECURE = 11;
let host: SrtServer;

beforeEach(async () => {
  host = await SrtServer.start({ log: recordingLogger().log });
});
afterEach(() => host.stop());

/** Waits for the log's line about refused callers, which comes a moment after the caller knows. */
async function refusal(listener: TestListener): Promise<Record<string, unknown> | undefined> {
  await vi.waitUntil(() => listener.log.length > 0, WAIT);
  return listener.log[0];
}

describe('a stream with a passphrase', () => {
  test.each([
    [0, 'its key'],
    [16, 'its key'],
    [24, 'its key'],
    [32, 'its key'],
    [32, 'no stream id'],
  ] as const)('is entered with it, AES key of %i bytes, %s', { timeout: TIMEOUT }, async (pbkeylen, id) => {
    const listener = await openTestListener(host, { passphrase });
    const encryption = pbkeylen === 0 ? { passphrase } : { passphrase, pbkeylen };
    expect(await callOnce(listener.port, id === 'its key' ? listener.good : '', encryption)).toBe(0);
    expect(listener.log).toEqual([]);
  });

  test.each([
    ['another one', { passphrase: 'correct horse, battery & stable' }, BAD_SECRET],
    ['none', undefined, UNSECURE],
  ])(
    'refuses a caller that has %s with the code of libsrt, and says so',
    { timeout: TIMEOUT },
    async (_name, encryption, code) => {
      const listener = await openTestListener(host, { passphrase });
      for (const id of [listener.good, '']) expect(await callOnce(listener.port, id, encryption)).toBe(code);
      expect(await refusal(listener)).toMatchObject({
        ...{ code: BAD_SECRET, why: 'the passphrase is wrong or missing', refused: 1 },
        peer: expect.stringMatching(/^127/),
      });
      // The listener notices each a moment after libsrt, and logs a line a second at most.
      const refused = () => listener.log.reduce((sum, line) => sum + Number(line.refused), 0);
      await vi.waitUntil(() => refused() === 2, WAIT);
      await listener.close();
      expect(JSON.stringify(listener.log)).not.toContain('correct horse');
    },
  );

  test('still refuses a wrong key, another name, and an encoder while another is live', {
    timeout: TIMEOUT,
  }, async () => {
    const listener = await openTestListener(host, { passphrase: PLAIN });
    expect(await callOnce(listener.port, listener.forged, { passphrase: PLAIN })).toBe(1401);
    expect(await callOnce(listener.port, 'another-stream', { passphrase: PLAIN })).toBe(1400);
    const encoder = startEncoder(`${listener.url}&passphrase=${PLAIN}`);
    const publisher = await listener.next();
    await once(publisher.media, 'data');
    for (const id of [listener.good, '']) expect(await callOnce(listener.port, id, { passphrase: PLAIN })).toBe(1409);
    await listener.close();
    await encoder.exited;
  });

  test.each([16, 24, 32])('decrypts what FFmpeg sends, AES key of %i bytes', { timeout: TIMEOUT }, async pbkeylen => {
    const listener = await openTestListener(host, { passphrase: PLAIN });
    const encoder = startEncoder(`srt://127.0.0.1:${listener.port}?passphrase=${PLAIN}&pbkeylen=${pbkeylen}`);
    const publisher = await listener.next();
    const [chunk] = (await once(publisher.media, 'data')) as [Buffer];
    for (let at = 0; at + 188 <= chunk.length; at += 188) expect(chunk[at]).toBe(0x47);
    expect(publisher.stats()).toMatchObject({ pktRcvUndecryptTotal: 0, pktRcvDropTotal: 0 });
    await listener.close();
    await encoder.exited;
  });
});

test('the URL with the passphrase in it is one that FFmpeg takes; one that would be read differently is not made', {
  timeout: TIMEOUT,
}, async () => {
  const listener = await openTestListener(host, { passphrase: PLAIN });
  const encoder = startEncoder(withPassphrase(listener.url, PLAIN) ?? '');
  expect((await listener.next()).streamId).toBe(listener.good);
  await listener.close();
  await encoder.exited;
  for (const odd of [passphrase, 'a+b+c+d+e+f', '100%-of-it', 'größer-als'])
    expect(withPassphrase('srt://h:1?streamid=x', odd)).toBeUndefined();
});

test('a caller with a passphrase is refused where the stream has none, and the log says so', {
  timeout: TIMEOUT,
}, async () => {
  const listener = await openTestListener(host);
  expect(await callOnce(listener.port, listener.good, { passphrase })).toBe(UNSECURE);
  expect(await refusal(listener)).toMatchObject({
    code: UNSECURE,
    why: expect.stringContaining('the stream has none'),
  });
  expect(await callOnce(listener.port, listener.good)).toBe(0);
});

test('a passphrase that libsrt does not take lets nobody in', { timeout: TIMEOUT }, async () => {
  const listener = await openTestListener(host, { passphrase: 'short' });
  expect(await callOnce(listener.port, listener.good)).toBe(1500);
  expect(await callOnce(listener.port, listener.good, { passphrase })).toBe(1500);
});
