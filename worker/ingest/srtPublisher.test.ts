import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SrtServer } from './srtServer.ts';
import { callOnce } from './testing/callRepeatedly.ts';
import { startEncoder } from './testing/startEncoder.ts';
import { openTestListener, recordingLogger } from './testing/testListener.ts';

const TIMEOUT = 30_000;
const TS_PACKET = 188;
let host: SrtServer;

beforeEach(async () => {
  host = await SrtServer.start({ log: recordingLogger().log });
});
afterEach(() => host.stop());

/** How many video frames ffprobe finds. */
async function countFrames(ts: Buffer): Promise<number> {
  const ffprobe = spawn(
    'ffprobe',
    [
      '-v',
      'error',
      '-select_streams',
      'v',
      '-count_packets',
      '-show_entries',
      'stream=nb_read_packets',
      '-of',
      'csv=p=0',
      '-',
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  ffprobe.stdin.end(ts);
  return Number.parseInt(await text(ffprobe.stdout), 10);
}

describe('media', () => {
  test('what came before an orderly end arrives, also what the latency holds back', {
    timeout: TIMEOUT,
  }, async () => {
    const listener = await openTestListener(host, { latencyMs: 1_000 });
    startEncoder(listener.url, { seconds: 3 });
    const publisher = await listener.next();
    const media = await buffer(publisher.media);
    const end = await publisher.ended;
    expect(end).toMatchObject({ reason: 'caller_closed', bytes: media.length });
    expect(end.connectedMs).toBeGreaterThan(2_000);
    for (let at = 0; at < media.length; at += TS_PACKET) expect(media[at]).toBe(0x47);
    // ffmpeg may hang up before its last packet is out. Losing what the latency holds back would cost 25 frames.
    expect(await countFrames(media)).toBeGreaterThanOrEqual(72);
    expect(publisher.stats().msRcvTsbPdDelay).toBe(1_000);
  });

  test('a consumer that stops reading is waited for, in bounded memory, and misses nothing', {
    timeout: TIMEOUT,
  }, async () => {
    const listener = await openTestListener(host, { silenceMs: 1_000 });
    startEncoder(listener.url, { seconds: 6, muxrate: '16M' });
    const publisher = await listener.next();
    // Full at about 2 s; libsrt's own buffer holds 8192 packets, 5 s more.
    await vi.waitUntil(() => publisher.stats().pktRcvBuf > 2_000, { timeout: 10_000 });
    expect(publisher.media.readableLength).toBeLessThan(4.3 * 1024 * 1024);
    const media = await buffer(publisher.media);
    expect(await publisher.ended).toMatchObject({ reason: 'caller_closed', bytes: media.length });
    // What the encoder itself had not sent when it hung up is not ours to lose. 44: bytes of headers, which libsrt counts.
    const { byteRecvTotal, pktRecvTotal, pktRcvDropTotal } = publisher.stats();
    expect(media.length).toBeGreaterThanOrEqual(byteRecvTotal - 44 * pktRecvTotal);
    expect(pktRcvDropTotal).toBe(0);
  });

  test('destroying media closes the publisher', { timeout: TIMEOUT }, async () => {
    const listener = await openTestListener(host);
    const encoder = startEncoder(listener.url);
    const publisher = await listener.next();
    await once(publisher.media, 'data');
    publisher.media.destroy();
    expect(await publisher.ended).toMatchObject({ reason: 'closed' });
    publisher.close();
    expect(await encoder.exited).not.toBe(0);
  });
});

describe('encoders that vanish', () => {
  test("a killed encoder is noticed within SRT's 5 s", { timeout: TIMEOUT }, async () => {
    const listener = await openTestListener(host);
    const encoder = startEncoder(listener.url);
    const publisher = await listener.next();
    await once(publisher.media, 'data');
    const killedAt = performance.now();
    encoder.kill('SIGKILL');
    publisher.media.resume();
    await once(publisher.media, 'end');
    expect(performance.now() - killedAt).toBeLessThan(8_000);
    expect(await publisher.ended).toMatchObject({ reason: 'silent' });
  });

  test('one that sends nothing is ended after silenceMs', { timeout: TIMEOUT }, async () => {
    const listener = await openTestListener(host, { silenceMs: 1_000 });
    const encoder = startEncoder(listener.url);
    const publisher = await listener.next();
    await once(publisher.media, 'data');
    encoder.kill('SIGSTOP');
    expect(await publisher.ended).toMatchObject({ reason: 'silent' });
    encoder.kill('SIGKILL');
  });

  test('a frozen one is replaced by the next after 2 s and the latency, not before', { timeout: TIMEOUT }, async () => {
    const listener = await openTestListener(host);
    const encoder = startEncoder(listener.url);
    const publisher = await listener.next();
    await once(publisher.media, 'data');
    encoder.kill('SIGSTOP');
    expect(await callOnce(listener.port, listener.good)).toBe(1409);
    while ((await callOnce(listener.port, listener.good)) !== 0);
    expect(await publisher.ended).toMatchObject({ reason: 'replaced' });
    expect((await listener.next()).peer).not.toBe(publisher.peer);
    encoder.kill('SIGKILL');
  });
});
