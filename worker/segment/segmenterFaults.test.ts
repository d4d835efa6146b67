import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { withPts } from '../transcode/testing/editTs.ts';
import { audioPid, makeTs, videoPid } from '../transcode/testing/makeTs.ts';
import { collectSegments } from './testing/collectSegments.ts';
import { frameHashes } from './testing/frameHashes.ts';
import { shiftTimes } from './testing/shiftTimes.ts';
import { eachPacket } from './ts/eachPacket.ts';
import { packetBytes } from './ts/tsPackets.ts';

const x264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p'];
const hour = 3_600 * 90_000;

let ts: Buffer;
beforeAll(async () => {
  ts = await makeTs({ seconds: 8, video: [...x264, '-bf', '2'] });
});

const pidOf = (packet: Buffer) => packet.readUInt16BE(1) & 0x1fff;
const isStart = (packet: Buffer) => (packet.readUInt8(1) & 0x40) !== 0;
const times = (segments: { seconds: number }[]) => segments.map(({ seconds }) => seconds);

/** Packets of the input, changed in one way. */
const edits = fc.array(
  fc.record({
    how: fc.constantFrom('flip', 'time', 'drop', 'swap', 'repeat', 'garbage', 'truncate'),
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    bit: fc.nat(packetBytes * 8 - 1),
  }),
  { minLength: 1, maxLength: 30 },
);

function damaged(list: { how: string; at: number; bit: number }[]): Buffer {
  const packets = [...eachPacket(Buffer.from(ts))];
  for (const { how, at, bit } of list) {
    const i = Math.floor(at * packets.length);
    const packet = packets[i];
    const next = packets[i + 1];
    if (packet === undefined || next === undefined || packet.length <= bit >> 3) continue;
    if (how === 'flip') packet[bit >> 3] = packet.readUInt8(bit >> 3) ^ (1 << (bit & 7));
    else if (how === 'time') {
      // An earlier edit may have cut a packet short.
      const whole = packets.slice(i).filter(one => one.length === packetBytes);
      const start = whole.find(one => pidOf(one) === videoPid && isStart(one));
      const pes = start?.indexOf(Buffer.from([0, 0, 1])) ?? -1;
      // PTS and DTS, 5 bytes each.
      const byte = pes + 9 + (bit % 10);
      if (start !== undefined && pes > 0) start[byte] = start.readUInt8(byte) ^ (1 << (bit & 7));
    } else if (how === 'drop') packets.splice(i, 1);
    else if (how === 'swap') packets.splice(i, 2, next, packet);
    else if (how === 'repeat') packets.splice(i, 0, packet);
    else if (how === 'garbage') packets.splice(i, 0, Buffer.alloc(bit, 0x47));
    else packets.splice(i, 1, packet.subarray(0, bit >> 3));
  }
  return Buffer.concat(packets);
}

describe('Segmenter, whatever comes', () => {
  test('the same bytes in other chunks give the same segments', () => {
    const whole = collectSegments(ts, { chunk: ts.length });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 40 }), sizes => {
        const chunks: Buffer[] = [];
        for (let at = 0, i = 0; at < ts.length; i += 1) {
          const size = sizes[i % sizes.length] ?? 1;
          chunks.push(ts.subarray(at, at + size));
          at += size;
        }
        expect(collectSegments(chunks)).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  test('damage is contained: whole packets, tables first, numbers in a row, everything closed, each duration possible', () => {
    fc.assert(
      fc.property(edits, list => {
        const { segments } = collectSegments(damaged(list));
        expect(segments.map(({ number }) => number)).toEqual(segments.map((_, i) => i));
        for (const { data, bytes, seconds } of segments) {
          expect(data.length).toBe(bytes);
          expect(bytes % packetBytes).toBe(0);
          expect([...eachPacket(data)].every(packet => packet[0] === 0x47)).toBe(true);
          expect(pidOf(data)).toBe(0);
          expect(seconds).toBeGreaterThan(0);
          expect(seconds).toBeLessThan(30);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('wherever the 33 bits of the timestamps wrap, durations and frames are the same', () => {
    const plain = collectSegments(ts).segments;
    fc.assert(
      fc.property(fc.integer({ min: 2 ** 33 - 12 * 90_000, max: 2 ** 33 + 90_000 }), offset => {
        const { segments } = collectSegments(shiftTimes(ts, offset));
        expect(times(segments)).toEqual(times(plain));
        expect(segments.map(({ frames }) => frames.length)).toEqual(plain.map(({ frames }) => frames.length));
        expect(segments.every(({ discontinuity }) => discontinuity === undefined)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('no audio packet is split between two segments, and none goes to a segment after its time', () => {
    const { segments } = collectSegments(ts);
    for (const { data } of segments) {
      const [first] = [...eachPacket(data)].filter(packet => pidOf(packet) === audioPid);
      expect(first !== undefined && isStart(first)).toBe(true);
    }
    // What comes after the key frame's packets in the input is the new segment's: only an open PES packet goes to the old one.
    const order = [...eachPacket(ts)].filter(packet => pidOf(packet) === videoPid || pidOf(packet) === audioPid);
    for (const { data } of segments.slice(1)) {
      const packets = [...eachPacket(data)];
      const key = packets.find(packet => pidOf(packet) === videoPid) ?? data;
      const sound = packets.find(packet => pidOf(packet) === audioPid) ?? data;
      const from = order.findIndex(packet => packet.equals(key));
      const next = order.slice(from).find(packet => pidOf(packet) === audioPid && isStart(packet));
      expect(sound.equals(next ?? data)).toBe(true);
    }
  });

  test('continuity counters go on across all segments, tables included', () => {
    const latest = new Map<number, number>();
    for (const { data } of collectSegments(ts).segments) {
      for (const packet of eachPacket(data)) {
        const hasPayload = (packet.readUInt8(3) & 0x10) !== 0;
        const counter = packet.readUInt8(3) & 0xf;
        const before = latest.get(pidOf(packet));
        if (before !== undefined) expect(counter).toBe(hasPayload ? (before + 1) % 16 : before);
        latest.set(pidOf(packet), counter);
      }
    }
    expect([...latest.keys()].sort()).toEqual([0, 256, 257, 4096]);
  });
});

describe('Segmenter, timestamps', () => {
  test.each([
    ['an inner picture', 47],
    ['a key frame at a cut', 60],
  ])('a lone bad one is passed over: %s', (_, nth) => {
    for (const seconds of [5_000, 90_000]) {
      const { segments, facts } = collectSegments(withPts(ts, videoPid, nth, seconds));
      expect(segments.reduce((sum, segment) => sum + segment.seconds, 0)).toBeCloseTo(8, 6);
      expect(segments.every(({ discontinuity }) => discontinuity === undefined)).toBe(true);
      expect(facts).toMatchObject({ badTimestamps: 1, timelineBreaks: 0 });
    }
  });

  test.each([
    ['an hour on', hour],
    ['an hour back', -hour],
    ['to where it began', 0],
    ['four seconds on, more than pictures may be apart', 12 * 90_000],
  ])(
    'a jump %s begins a timeline with its first key frame, no frame is lost and no duration wrong',
    async (_, ticks) => {
      const from = shiftTimes(ts, 2 * hour);
      const to = shiftTimes(ts, 2 * hour + ticks);
      const { segments, facts } = collectSegments(Buffer.concat([from, to]));
      expect(segments.map(({ discontinuity }) => discontinuity).filter(Boolean)).toEqual(['timestamps']);
      expect(times(segments)).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
      expect(facts.timelineBreaks).toBe(1);
      const hashes = await frameHashes(ts, 'copy');
      for (const half of [segments.slice(0, 4), segments.slice(4)]) {
        const { video } = await frameHashes(Buffer.concat(half.map(({ data }) => data)), 'copy');
        expect(video).toEqual(hashes.video);
      }
    },
  );

  test('a jump in the middle of a GOP ends the segment there; the next begins with the next key frame', () => {
    const packets = [...eachPacket(ts)];
    const pictures = packets.flatMap((packet, i) => (pidOf(packet) === videoPid && isStart(packet) ? [i] : []));
    const at = (pictures[75] ?? 0) * packetBytes;
    const { segments } = collectSegments(Buffer.concat([ts.subarray(0, at), shiftTimes(ts.subarray(at), hour)]));
    expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([
      undefined,
      undefined,
      'timestamps',
      undefined,
      undefined,
    ]);
    expect(segments[2]?.startsWithKey).toBe(true);
    expect(times(segments)[0]).toBe(2);
    // Half a second, and two B-frames that come after pictures that are shown later.
    expect(times(segments)[1]).toBeCloseTo(0.5 + 2 / 30, 6);
    expect(times(segments).slice(2)).toEqual([2, 2, 1]);
  });
});

describe('Segmenter, sources that change or lack something', () => {
  test('other PIDs begin a timeline at the next key frame, and no frame is lost', async () => {
    const other = await makeTs({ seconds: 8, video: [...x264, '-bf', '2'], muxer: ['-mpegts_start_pid', '300'] });
    const after = shiftTimes(other, 8 * 90_000);
    const { segments } = collectSegments(Buffer.concat([ts, after]));
    expect(segments.map(({ discontinuity }) => discontinuity).filter(Boolean)).toEqual(['tracks']);
    const hashes = await frameHashes(other, 'copy');
    const cut = await frameHashes(Buffer.concat(segments.slice(-4).map(({ data }) => data)), 'copy');
    expect(cut.video).toEqual(hashes.video);
    expect(hashes.audio.slice(-cut.audio.length)).toEqual(cut.audio);
  });

  test('another size begins a timeline', async () => {
    const larger = shiftTimes(await makeTs({ seconds: 4, size: '320x180', video: [...x264, '-bf', '2'] }), 8 * 90_000);
    const { segments, facts } = collectSegments(Buffer.concat([ts, larger]));
    expect(segments.map(({ discontinuity }) => discontinuity).filter(Boolean)).toEqual(['format']);
    expect(segments.map(({ video }) => video?.width)).toEqual([160, 160, 160, 160, 320, 320]);
    expect(facts).toMatchObject({ formatChanges: 1, width: 320, height: 180 });
  });

  test('key frames that the encoder does not mark are found; those of an open GOP are reported', async () => {
    const copy = Buffer.from(ts);
    for (const packet of eachPacket(copy)) {
      const hasFlags = (packet.readUInt8(3) & 0x20) !== 0 && packet.readUInt8(4) > 0;
      if (hasFlags) packet[5] = packet.readUInt8(5) & ~0x40;
    }
    expect(times(collectSegments(copy).segments)).toEqual(times(collectSegments(ts).segments));
    const open = await makeTs({ seconds: 6, video: [...x264, '-bf', '2', '-x264-params', 'open-gop=1'] });
    const { facts } = collectSegments(open);
    expect(facts.keysRead).toBeGreaterThan(3);
    expect(facts.keysWithIdr).toBe(1);
  });

  test('a key frame whose first packet was lost makes a longer segment', () => {
    const packets = [...eachPacket(ts)];
    const starts = packets.filter(packet => pidOf(packet) === videoPid && isStart(packet));
    const { segments } = collectSegments(Buffer.concat(packets.filter(packet => packet !== starts[60])));
    expect(times(segments)).toEqual([3, 1, 2, 2]);
    expect(segments.map(({ continuityErrors }) => continuityErrors)).toEqual([1, 0, 0, 0]);
  });

  test('joined in the middle of a GOP, sound begins with the picture', async () => {
    const [first] = collectSegments(ts.subarray(Math.floor(ts.length * 0.3))).segments;
    const { video, videoStart, audioStart } = await frameHashes(first?.data ?? ts, 'copy');
    expect(video.length).toBe(60);
    // FFmpeg's muxer puts 0.3 s of audio into a PES packet, which stays whole.
    expect(Math.abs(audioStart - videoStart)).toBeLessThan(0.16);
  });
});
