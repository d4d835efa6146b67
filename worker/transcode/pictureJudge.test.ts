import { describe, expect, test } from 'vitest';
import { eachPacket } from '../segment/ts/eachPacket.ts';
import { TsInspector } from '../segment/ts/tsInspector.ts';
import { packetBytes } from '../segment/ts/tsPackets.ts';
import { PictureJudge } from './pictureJudge.ts';
import { makeTs, type TsOptions } from './testing/makeTs.ts';
import { defaultLimits } from './transcodeLimits.ts';

/** The first fault of a stream and the packet at which it was found, counted in pictures. */
function judge(ts: Buffer, limits: { maxPixels?: number; maxFps?: number } = {}) {
  const inspector = new TsInspector();
  const judge = new PictureJudge({ ...defaultLimits, ...limits });
  let pictures = 0;
  for (const packet of eachPacket(ts)) {
    const kind = inspector.push(packet, 0);
    if (kind !== 'rest') pictures += 1;
    const error = judge.fault(inspector, kind);
    if (error) return { pictures, message: error.message, code: error.code, size: inspector.pictureSize };
  }
  return { pictures, size: inspector.pictureSize };
}

const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
const x265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error', '-pix_fmt', 'yuv420p'];
const silent: TsOptions = { audio: 'none', seconds: 1, fps: '10', gop: 5 };

describe('PictureJudge', () => {
  test.each([
    ['H.264', x264],
    ['H.264, High 4:2:2, with scaling lists', ['-c:v', 'libx264', '-pix_fmt', 'yuv422p', '-x264-params', 'cqm=jvt']],
    ['H.264, interlaced', [...x264, '-x264-params', 'interlaced=1']],
    ['HEVC', x265],
    ['HEVC with temporal layers', [...x265, '-x265-params', 'log-level=error:temporal-layers=1']],
    ['MPEG-2', ['-c:v', 'mpeg2video', '-pix_fmt', 'yuv420p']],
    ['MPEG-1', ['-c:v', 'mpeg1video', '-pix_fmt', 'yuv420p', '-r', '25']],
  ])('reads the size of %s, and refuses the first picture that is too large', async (_, video) => {
    const ts = await makeTs({ ...silent, size: '640x352', video });
    expect(judge(ts, { maxPixels: 640 * 352 })).toMatchObject({ size: { width: 640, height: 352 } });
    const refused = judge(ts, { maxPixels: 640 * 352 - 1 });
    expect(refused).toMatchObject({ code: 'input_invalid', pictures: 1 });
    expect(refused.message).toMatch(/640x352 .*MAX_PIXELS/);
  });

  test.each([
    ['H.264', x264],
    ['H.264 4:2:2', ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv422p']],
    ['H.264, interlaced', [...x264, '-x264-params', 'interlaced=1']],
    ['HEVC', x265],
    ['HEVC 4:4:4', [...x265, '-pix_fmt', 'yuv444p']],
    ['MPEG-2', ['-c:v', 'mpeg2video', '-pix_fmt', 'yuv420p']],
  ])('reads what is shown of a picture that is no whole number of blocks: %s', async (_, video) => {
    const { size } = judge(await makeTs({ ...silent, size: '650x364', video }), { maxPixels: 1e6 });
    expect(size?.shown).toEqual({ width: 650, height: 364 });
  });

  test('counts the whole picture, not what its cropping leaves', async () => {
    const crop = [...x264, '-bsf:v', 'h264_metadata=crop_right=600:crop_bottom=300'];
    const ts = await makeTs({ ...silent, size: '640x352', video: crop });
    expect(judge(ts, { maxPixels: 300_000 }).size).toMatchObject({
      width: 640,
      height: 352,
      shown: { width: 40, height: 52 },
    });
  });

  test('cropping that leaves nothing is none', async () => {
    const crop = [...x264, '-bsf:v', 'h264_metadata=crop_right=5000'];
    const size = { width: 640, height: 352 };
    expect(judge(await makeTs({ ...silent, size: '640x352', video: crop })).size).toMatchObject({
      ...size,
      shown: size,
    });
  });

  test('finds a size that does not lie in the first packet', async () => {
    const ts = await makeTs({ ...silent, size: '640x352' });
    // Unused SEI (type 6) before the SPS: the picture's first packet is taken apart and put together again.
    const packets = [...eachPacket(ts)];
    const first = packets.findIndex(packet => packet.includes(Buffer.from([0, 0, 0, 1, 0x67])));
    const packet = packets[first] ?? Buffer.alloc(packetBytes);
    const at = packet.indexOf(Buffer.from([0, 0, 0, 1, 0x67]));
    const head = packet.subarray(0, at);
    const tail = packet.subarray(at);
    const sei = Buffer.alloc(packetBytes - at, 0x80);
    sei.set([0, 0, 0, 1, 6, 5, 255]);
    const next = Buffer.alloc(packetBytes, 0xff);
    const stuffing = packetBytes - 4 - tail.length;
    next.set([0x47, 1, 0, 0x30, stuffing - 1, 0]);
    next.set(tail, packetBytes - tail.length);
    const odd = [...packets.slice(0, first), Buffer.concat([head, sei]), next, ...packets.slice(first + 1)];
    expect(judge(Buffer.concat(odd), { maxPixels: 100_000 })).toMatchObject({ code: 'input_invalid', pictures: 1 });
  });

  test('finds a size that changes later', async () => {
    const [small, large] = await Promise.all([
      makeTs({ ...silent, size: '320x176' }),
      makeTs({ ...silent, size: '640x352' }),
    ]);
    const found = judge(Buffer.concat([small, large]), { maxPixels: 100_000 });
    expect(found).toMatchObject({ code: 'input_invalid', pictures: 11 });
  });

  test('refuses a promised rate at once, and counts where none is promised', async () => {
    const fixed = ['-x264-params', 'force-cfr=1'];
    const fast = await makeTs({ ...silent, fps: '200', seconds: 3, gop: 200, video: [...x264, ...fixed] });
    const promised = judge(fast, { maxFps: 120 });
    expect(promised).toMatchObject({ code: 'input_invalid', pictures: 1 });
    expect(promised.message).toMatch(/200 a second .*MAX_FPS/);
    const counted = judge(await makeTs({ ...silent, fps: '200', seconds: 3, gop: 200, video: x265 }), { maxFps: 120 });
    expect(counted).toMatchObject({ code: 'input_invalid' });
    expect(counted.pictures).toBeGreaterThan(390);
  });

  test.each(['50', '60', '60000/1001'])('takes %s pictures a second where 60 are allowed', async fps => {
    const ts = await makeTs({ ...silent, fps, seconds: 6, video: [...x264, '-bf', '3'] });
    expect(judge(ts, { maxFps: 60 }).code).toBeUndefined();
  });
});
