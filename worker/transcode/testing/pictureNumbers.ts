import { execa } from 'execa';

const BITS = 16;

/** FFmpeg's video filter that paints each picture's number: 16 black or white columns, the lowest bit at the left. */
export const numberedPictures = `geq=lum='if(bitand(N,pow(2,floor(${BITS}*X/W))),235,16)':cb=128:cr=128`;

/** The number that each picture of a transport stream carries, in the order in which they are shown. */
export async function pictureNumbers(ts: Buffer): Promise<number[]> {
  const { stdout } = await execa(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'mpegts', '-i', 'pipe:0', '-an', '-fps_mode', 'passthrough'],
      ...['-vf', `scale=${BITS}:1:flags=area`, '-pix_fmt', 'gray', '-f', 'rawvideo', 'pipe:1'],
    ],
    { input: ts, encoding: 'buffer' },
  );
  return Array.from({ length: stdout.length / BITS }, (_, picture) =>
    stdout
      .subarray(picture * BITS, (picture + 1) * BITS)
      .reduce((number, level, bit) => number + (level > 128 ? 2 ** bit : 0), 0),
  );
}
