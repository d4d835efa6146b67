import { beforeAll, describe, expect, test } from 'vitest';
import { withoutPid } from '../../transcode/testing/editTs.ts';
import { audioPid, makeTs, videoPid } from '../../transcode/testing/makeTs.ts';
import { eachPacket } from './eachPacket.ts';
import { type PacketKind, TsInspector } from './tsInspector.ts';
import { packetBytes } from './tsPackets.ts';

function inspect(ts: Buffer): { inspector: TsInspector; kinds: PacketKind[] } {
  const inspector = new TsInspector();
  return { inspector, kinds: [...eachPacket(ts)].map(packet => inspector.push(packet, 0)) };
}

const count = (kinds: readonly PacketKind[], kind: PacketKind) => kinds.filter(one => one === kind).length;

/** Clears random_access_indicator everywhere, as encoders do that never set it. */
function unindicated(ts: Buffer): Buffer {
  const copy = Buffer.from(ts);
  for (const packet of eachPacket(copy)) {
    const hasFlags = (packet.readUInt8(3) & 0x20) !== 0 && packet.readUInt8(4) > 0;
    if (hasFlags) packet[5] = packet.readUInt8(5) & ~0x40;
  }
  return copy;
}

describe('TsInspector', () => {
  let ts: Buffer;
  beforeAll(async () => {
    ts = await makeTs({ seconds: 3 });
  });

  test('knows what is announced and what is carried', () => {
    const { inspector } = inspect(ts);
    expect(inspector.streams).toEqual([
      { pid: videoPid, kind: 'video', codec: 'h264' },
      { pid: audioPid, kind: 'audio', codec: 'aac' },
    ]);
    expect(inspector.silentMs(audioPid, 0)).toBe(0);
    expect(inspector.silentMs(999, 0)).toBe(Number.POSITIVE_INFINITY);
    expect(inspector.videoSeconds).toBeCloseTo(3, 0);
  });

  test('packets that do not concern it can be left out', () => {
    const whole = inspect(ts);
    const inspector = new TsInspector();
    let left = 0;
    const kinds = [...eachPacket(ts)].map(packet => {
      if (inspector.concerns(packet, 0)) return inspector.push(packet, 0);
      left += 1;
      return 'rest';
    });
    expect(left).toBeGreaterThan(ts.length / packetBytes / 3);
    expect(kinds).toEqual(whole.kinds);
    expect(inspector.streams).toEqual(whole.inspector.streams);
    expect(inspector.videoSeconds).toBe(whole.inspector.videoSeconds);
    expect(inspector.pictureSize).toEqual(whole.inspector.pictureSize);
  });

  test('a stream that is announced and never comes stays silent', () => {
    const { inspector } = inspect(withoutPid(ts, audioPid));
    expect(inspector.streams).toHaveLength(2);
    expect(inspector.silentMs(audioPid, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  const older = ['-pix_fmt', 'yuv420p', '-c:v'];
  const x265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=30:min-keyint=30'];
  test.each([
    ['h264', undefined],
    ['hevc', [...x265, '-pix_fmt', 'yuv420p']],
    ['mpeg2video', [...older, 'mpeg2video']],
  ])('finds the key frames of %s by their units when the encoder does not mark them', async (codec, video) => {
    const marked = await makeTs({ seconds: 3, ...(video ? { video } : {}) });
    const { inspector, kinds } = inspect(unindicated(marked));
    expect(inspector.video?.codec).toBe(codec);
    expect(count(kinds, 'random_access')).toBe(3);
    expect(count(kinds, 'picture')).toBe(87);
    expect(kinds).toEqual(inspect(marked).kinds);
  });

  test('two sizes have two formats, two streams of one size have one', async () => {
    const [same, larger] = await Promise.all([makeTs({ seconds: 1 }), makeTs({ seconds: 1, size: '320x180' })]);
    const format = inspect(ts).inspector.format;
    expect(format).toMatch(/^67/);
    expect(inspect(same).inspector.format).toBe(format);
    expect(inspect(larger).inspector.format).not.toBe(format);
  });

  test('a new PMT replaces the old one', async () => {
    const videoOnly = await makeTs({ seconds: 1, audio: 'none' });
    expect(inspect(Buffer.concat([videoOnly, ts])).inspector.streams).toHaveLength(2);
    expect(inspect(Buffer.concat([ts, videoOnly])).inspector.streams).toHaveLength(1);
  });

  test('the tables are a PAT and a PMT that start a new inspector', () => {
    const { inspector } = inspect(ts);
    expect(inspector.tables).toHaveLength(2 * 188);
    expect(inspect(inspector.tables).inspector.streams).toEqual(inspector.streams);
  });

  test('a program without video gives way to one with it', async () => {
    const two = await makeTs({ seconds: 1, muxer: ['-program', 'st=1', '-program', 'st=0'] });
    expect(inspect(two).inspector.streams).toEqual([{ pid: videoPid, kind: 'video', codec: 'h264' }]);
  });

  test('scrambled and damaged packets are not carried media', () => {
    for (const [byte, bits] of [
      [3, 0x80],
      [1, 0x80],
    ] as const) {
      const copy = Buffer.from(ts);
      for (const packet of eachPacket(copy)) {
        if ((packet.readUInt16BE(1) & 0x1fff) === videoPid) packet[byte] = packet.readUInt8(byte) | bits;
      }
      expect(count(inspect(copy).kinds, 'random_access')).toBe(0);
    }
  });
});
