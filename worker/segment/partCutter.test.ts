import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeTs, type TsOptions, videoPid } from '../transcode/testing/makeTs.ts';
import { ContinuityCheck } from './continuityCheck.ts';
import { type CollectedParts, collectParts } from './testing/collectParts.ts';
import { frameHashes } from './testing/frameHashes.ts';
import { eachPacket } from './ts/eachPacket.ts';
import { payloadStart } from './ts/packetHeader.ts';
import { readPes } from './ts/readPes.ts';
import { packetBytes } from './ts/tsPackets.ts';

const x264 = (...args: string[]) => ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', ...args];
const zeroLatency = x264('-tune', 'zerolatency', '-sc_threshold', '0');
const withB = x264('-bf', '2', '-sc_threshold', '0');

const samples: [name: string, options: TsOptions, partSeconds?: number][] = [
  ['30 frames a second', { gop: 30, video: zeroLatency }],
  ['25', { fps: '25', gop: 25, video: zeroLatency }],
  ['24', { fps: '24', gop: 24, video: zeroLatency }],
  ['50', { fps: '50', gop: 50, video: zeroLatency }],
  ['59.94', { fps: '60000/1001', gop: 60, video: zeroLatency }],
  ['parts of 0.2 s', { gop: 30, video: zeroLatency }, 0.2],
  ['as OBS sends it: B-frames, GOP 2 s', { gop: 60, video: withB }],
  ['sound of many frames in each PES packet', { gop: 30, video: zeroLatency, muxer: ['-pes_payload_size', '2930'] }],
  ['no sound', { gop: 30, audio: 'none', video: zeroLatency }],
  ['MP3', { gop: 30, audio: ['-c:a', 'libmp3lame'], video: zeroLatency }],
  ['across the wrap of timestamps', { gop: 30, video: withB, muxer: ['-output_ts_offset', `${2 ** 33 / 90_000 - 2}`] }],
];

const startCode = Buffer.from([0, 0, 1]);
const pidOf = (packet: Buffer): number => packet.readUInt16BE(1) & 0x1fff;
const isStart = (packet: Buffer): boolean => (packet.readUInt8(1) & 0x40) !== 0;

/** The packets with which pictures begin, by their place. */
const pictureStarts = (ts: Buffer): number[] =>
  [...eachPacket(ts)].flatMap((packet, i) => (pidOf(packet) === videoPid && isStart(packet) ? [i] : []));

/** PES packets of sound that do not end in these packets. */
function brokenSound(data: Buffer): number {
  const left = new Map<number, number>();
  for (const packet of eachPacket(data)) {
    const pid = pidOf(packet);
    if (pid < 257 || pid >= 0x1000) continue;
    const at = payloadStart(packet, 0);
    if (isStart(packet)) left.set(pid, readPes(packet, at, packetBytes)?.bytes ?? Number.NaN);
    left.set(pid, (left.get(pid) ?? Number.NaN) - (packetBytes - at));
  }
  return [...left.values()].filter(bytes => bytes !== 0).length;
}

describe.each(samples)('%s', (_name, options, partSeconds = 1 / 3) => {
  let ts: Buffer;
  let made: CollectedParts;
  beforeAll(async () => {
    ts = await makeTs(options);
    made = collectParts(ts, { partSeconds });
  });

  test('a segment is its parts', () => {
    expect(made.segments.length).toBeGreaterThan(2);
    for (const { number, data, bytes, seconds } of made.segments) {
      const parts = made.parts.filter(part => part.number === number);
      expect(Buffer.concat(parts.map(part => part.data)).equals(data), `segment ${number}`).toBe(true);
      expect(bytes).toBe(data.length);
      expect(parts.reduce((sum, part) => sum + part.seconds, 0)).toBeCloseTo(seconds, 3);
    }
  });

  test('each part is at most as long as the target, and 85 % of it where it must be', () => {
    expect(made.target).toBeGreaterThanOrEqual(partSeconds - 0.001);
    expect(made.target).toBeLessThan(partSeconds + 0.05);
    made.parts.forEach((part, i) => {
      expect(part.seconds, `part ${i}`).toBeLessThanOrEqual(made.target);
      const isLast = made.parts[i + 1]?.number !== part.number;
      if (!isLast && !part.isIndependent) expect(part.seconds, `part ${i}`).toBeGreaterThanOrEqual(0.85 * made.target);
    });
    const first = made.parts.filter((part, i) => made.parts[i - 1]?.number !== part.number);
    expect(first.every(({ isIndependent }) => isIndependent)).toBe(true);
  });

  test('each begins with tables and a whole picture that brings its parameter sets; sound is whole', () => {
    for (const { data } of made.parts) {
      const packets = [...eachPacket(data)];
      expect(packets.slice(0, 2).map(pidOf)).toEqual([0, 0x1000]);
      const video = packets.filter(packet => pidOf(packet) === videoPid);
      expect(isStart(video[0] as Buffer)).toBe(true);
      const head = Buffer.concat(video.slice(0, 6).map(packet => packet.subarray(payloadStart(packet, 0))));
      const units: number[] = [];
      for (let at = head.indexOf(startCode); at >= 0; at = head.indexOf(startCode, at + 3))
        units.push((head[at + 3] ?? 0) & 0x1f);
      const slice = units.findIndex(unit => unit === 1 || unit === 5);
      expect(units.slice(0, slice)).toEqual(expect.arrayContaining([9, 7, 8]));
      expect(brokenSound(data)).toBe(0);
    }
  });

  test('no counter jumps, and every frame is the source’s', async () => {
    const all = Buffer.concat(made.segments.map(({ data }) => data));
    expect(new ContinuityCheck().errorsIn(all)).toBe(0);
    const [before, after] = await Promise.all([frameHashes(ts, 'decode'), frameHashes(all, 'decode')]);
    expect(after.video).toEqual(before.video);
    expect(after.audio).toEqual(before.audio);
    expect(after.warnings).toBe('');
  });

  test('chunks of another size give the same parts', () => {
    const again = collectParts(ts, { partSeconds, chunk: 7_001 });
    expect(again.parts.map(({ data }) => data.length)).toEqual(made.parts.map(({ data }) => data.length));
    expect(again.calls).toEqual(made.calls);
  });
});

test('a segment’s calls come before those of the next one, though it waits for its last sound', async () => {
  const { calls, segments } = collectParts(await makeTs({ gop: 60, video: withB }));
  const order = calls.map(call => Number(call.split(' ')[1]));
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(calls.filter(call => call.startsWith('close'))).toEqual(segments.map(({ number }) => `close ${number}`));
});

describe('a source that pauses', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => vi.useRealTimers());

  test('its part goes out, as long as a part may be; what comes later begins another one', async () => {
    const ts = await makeTs({ gop: 30, video: zeroLatency });
    const at = (pictureStarts(ts)[65] ?? 0) * packetBytes;
    let atPause = 0;
    const made = collectParts(ts, {
      pauseAt: at,
      onPause: parts => {
        const before = parts.length;
        vi.advanceTimersByTime(5_000);
        atPause = parts.length;
        expect(parts.length).toBe(before + 1);
      },
    });
    expect(made.parts[atPause - 1]?.seconds).toBe(made.target);
    for (const { number, data } of made.segments) {
      const parts = made.parts.filter(part => part.number === number);
      expect(Buffer.concat(parts.map(part => part.data)).equals(data)).toBe(true);
    }
    for (const { data } of made.parts) expect([...eachPacket(data)].slice(0, 2).map(pidOf)).toEqual([0, 0x1000]);
    const all = Buffer.concat(made.segments.map(({ data }) => data));
    expect(new ContinuityCheck().errorsIn(all)).toBe(0);
    expect((await frameHashes(all, 'decode')).video).toEqual((await frameHashes(ts, 'decode')).video);
  });

  test('a part whose last picture may not be whole waits for the rest of it', async () => {
    const ts = await makeTs({ gop: 30, audio: 'none', video: zeroLatency });
    const starts = pictureStarts(ts);
    const long = starts.findIndex((start, i) => i > 40 && (starts[i + 1] ?? 0) - start > 3);
    const at = ((starts[long] ?? 0) + 2) * packetBytes;
    collectParts(ts, {
      pauseAt: at,
      chunk: packetBytes,
      onPause: parts => {
        const before = parts.length;
        vi.advanceTimersByTime(5_000);
        expect(parts.length).toBe(before);
      },
    });
  });
});
