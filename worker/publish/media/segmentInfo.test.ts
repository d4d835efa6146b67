import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { segmentInfo } from './segmentInfo.ts';
import { readTs } from './tsReader.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'segment-info-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const video = (size: string, rate: string) => ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}`];
const audio = (rate = 48_000) => ['-f', 'lavfi', '-i', `sine=r=${rate}`];
const x264 = (profile: string, pixels = 'yuv420p') => [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-profile:v',
  profile,
  '-pix_fmt',
  pixels,
];

const cases: [name: string, seconds: number, args: string[]][] = [
  [
    'high profile with B-frames',
    1,
    [...video('320x180', '30'), ...audio(), ...x264('high'), '-bf', '2', '-c:a', 'aac'],
  ],
  ['854x480: cropped, no multiple of 16', 1, [...video('854x480', '25'), ...audio(), ...x264('main'), '-c:a', 'aac']],
  [
    '29.97 frames a second, 44.1 kHz',
    2,
    [...video('160x90', '30000/1001'), ...audio(44_100), ...x264('baseline'), '-c:a', 'aac'],
  ],
  ['4:2:2 chroma is cropped in other units', 1, [...video('162x90', '50'), ...x264('high422', 'yuv422p')]],
  ['4:4:4 chroma', 1, [...video('162x90', '10'), ...x264('high444', 'yuv444p')]],
  ['interlaced: rows count twice', 1, [...video('320x180', '25'), ...x264('high'), '-flags', '+ildct+ilme']],
  ['non-square pixels', 1, [...video('320x180', '24'), ...x264('high'), '-vf', 'setsar=40/33', '-color_range', 'tv']],
  [
    'full range and colour description',
    1,
    [
      ...video('320x180', '24'),
      ...x264('high'),
      '-color_primaries',
      'bt709',
      '-colorspace',
      'bt709',
      '-color_trc',
      'bt709',
    ],
  ],
  ['audio only', 1, [...audio(), '-c:a', 'aac']],
];

describe.each(cases)('%s', (name, seconds, args) => {
  test('agrees with ffprobe', async () => {
    const file = join(dir, `${name.replaceAll(/\W/g, '_')}.ts`);
    await execa('ffmpeg', ['-v', 'error', '-y', ...args, '-t', String(seconds), '-f', 'mpegts', file]);
    const bytes = await readFile(file);
    const probed = await probe(file);
    const info = segmentInfo(bytes, seconds);
    if (probed.video) {
      const { width, height, level, r_frame_rate: rate } = probed.video;
      expect(info.video).toMatchObject({ width, height });
      expect(info.video?.codec).toMatch(/^avc1\.[0-9a-f]{6}$/);
      expect(Number.parseInt(info.video?.codec.slice(-2) ?? '', 16)).toBe(level);
      const [numerator = 0, denominator = 1] = rate.split('/').map(Number);
      expect(info.video?.frameRate).toBeCloseTo(numerator / denominator, 2);
    } else {
      expect(info.video).toBeUndefined();
    }
    expect(info.audio).toEqual(probed.audio && { codec: 'mp4a.40.2', sampleRate: Number(probed.audio.sample_rate) });
    const profiles: Record<string, string> = {
      High: '64',
      Main: '4d',
      'Constrained Baseline': '42',
      'High 4:2:2': '7a',
      'High 4:4:4 Predictive': 'f4',
    };
    if (probed.video) expect(info.video?.codec.slice(5, 7)).toBe(profiles[probed.video.profile]);
  });
});

test('an SPS that is split by packet boundaries and holds emulation prevention bytes is put together', async () => {
  const file = join(dir, 'small.ts');
  // A tick of 1/60000 puts zeros into the VUI; a tiny PES payload per packet splits it.
  const args = [...video('320x180', '60'), ...x264('high'), '-video_track_timescale', '60', '-t', '0.5'];
  await execa('ffmpeg', ['-v', 'error', '-y', ...args, '-f', 'mpegts', file]);
  const whole = await readFile(file);
  expect(segmentInfo(splitFirstPes(whole), 0.5)).toEqual(segmentInfo(whole, 0.5));
  expect(segmentInfo(whole, 0.5).video).toMatchObject({ width: 320, height: 180, frameRate: 60 });
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['no transport stream', Buffer.alloc(1880, 0x20)],
  ['sync bytes only', Buffer.alloc(1880).map((_, i) => (i % 188 === 0 ? 0x47 : 0xff))],
])('%s: no info, no throw', (_, bytes) => {
  expect(segmentInfo(Buffer.from(bytes), 4)).toEqual({ video: undefined, audio: undefined });
});

/** The video's first packets again, 8 payload bytes each: the rest is stuffing in the adaptation field. */
function splitFirstPes(bytes: Buffer): Buffer {
  const pid = readTs(bytes).find(({ streamType }) => streamType === 0x1b)?.pid ?? -1;
  const packets: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 188) {
    const packet = bytes.subarray(at, at + 188);
    if ((packet.readUInt16BE(1) & 0x1fff) !== pid) packets.push(packet);
    else packets.push(...split(packet));
  }
  return Buffer.concat(packets);
}

function split(packet: Buffer): Buffer[] {
  const hasField = (packet.readUInt8(3) & 0x20) !== 0;
  const payload = packet.subarray(hasField ? 5 + packet.readUInt8(4) : 4);
  const starts = (packet.readUInt8(1) & 0x40) !== 0;
  const pieces: Buffer[] = [];
  // The PES header stays in one piece.
  for (let at = 0; at < payload.length; ) {
    const end = at === 0 && starts ? 19 : at + 8;
    const piece = payload.subarray(at, end);
    const stuffing = 188 - 4 - piece.length - 1;
    const header = Buffer.from([
      0x47,
      packet.readUInt8(1) & (at === 0 ? 0xff : 0xbf),
      packet.readUInt8(2),
      0x30,
      stuffing,
    ]);
    const field = Buffer.alloc(stuffing, 0xff);
    field.writeUInt8(0, 0);
    pieces.push(Buffer.concat([header, field, piece]));
    at = end;
  }
  return pieces;
}

async function probe(file: string) {
  const { stdout } = await execa('ffprobe', ['-v', 'error', '-of', 'json', '-show_streams', file]);
  const { streams } = JSON.parse(stdout) as { streams: Record<string, string | number>[] };
  const of = (type: string) => streams.find(stream => stream.codec_type === type);
  return {
    video: of('video') as
      | { width: number; height: number; level: number; profile: string; r_frame_rate: string }
      | undefined,
    audio: of('audio') as { sample_rate: string } | undefined,
  };
}
