import { z } from 'zod';

const pixels = (min: number, max: number) =>
  z.int({ error: 'must be a whole number of pixels' }).min(min).max(max).multipleOf(2);
const width = pixels(64, 7_680);
const height = pixels(36, 4_320);
const kbps = z.int().min(50).max(100_000);

/** One rung of the ladder, or the single profile. Rates in kb/s; `maxrate` defaults to `video`, `bufsize` to twice that. */
export const rendition = z.strictObject({
  /** Pixels; left out (single profile only): the source's size, scaled down to `maxHeight` at most. */
  width: width.optional(),
  height: height.optional(),
  maxHeight: height.optional(),
  video: kbps,
  maxrate: kbps.optional(),
  bufsize: kbps.optional(),
  audio: z.int().min(32).max(512),
});

export type Rendition = z.infer<typeof rendition>;

/** FFmpeg's names of the encoders that Livetran can use. */
export const videoEncoder = z.enum(['libx264', 'h264_nvenc', 'h264_vaapi', 'h264_qsv', 'h264_videotoolbox']);
export type VideoEncoder = z.infer<typeof videoEncoder>;

/** Livetran's ladder: 0 = 1080p, 1 = 720p, 2 = 480p. */
export const defaultLadder: readonly Rendition[] = [
  { width: 1920, height: 1080, video: 5_000, audio: 128 },
  { width: 1280, height: 720, video: 3_000, audio: 128 },
  { width: 854, height: 480, video: 1_500, audio: 128 },
];

export const defaultSingle: Rendition = { maxHeight: 1080, video: 5_000, audio: 128 };

/** LADDER: every rendition needs its size. They are ordered from the largest to the smallest, since each is scaled from the one before. */
export const ladder = z
  .array(rendition.omit({ maxHeight: true }).extend({ width, height }))
  .min(1)
  .max(8)
  .refine(
    rungs => rungs.every((rung, i) => i === 0 || rung.height <= (rungs[i - 1]?.height ?? Number.POSITIVE_INFINITY)),
    {
      error: 'renditions must go from the largest to the smallest',
    },
  );
