import { z } from 'zod';
import { fields } from '../redis/fields.ts';

const pixels = z.int().min(1).max(65_536).nullable();

const source = z.object({
  /** Pixels; null: not known. */
  video: z.object({ codec: z.string().max(32), width: pixels, height: pixels }),
  /** null: no audio comes. */
  audio: z.object({ codec: z.string().max(32) }).nullable(),
  /** What is made of it, from the largest to the smallest. */
  renditions: z
    .array(
      z.object({
        /** null: as the source's, or not known. */
        width: pixels,
        height: pixels,
        /** Target of the encoder; null: the source's own picture. */
        videoKbps: z.number().nullable(),
      }),
    )
    .max(20),
});

/** What an encoder sends (FFmpeg's names of codecs), and the renditions that are made of it now. */
export type StreamSource = z.infer<typeof source>;

/** Reads it from the record's field, JSON. */
export const streamSource = fields.json.pipe(source);
