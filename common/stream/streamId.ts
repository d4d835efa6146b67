import { z } from 'zod';

/** A stream's name, also its folder in the bucket: 1 to 64 of A-Z a-z 0-9 _ -. */
export const streamId = z
  .string({ error: 'stream_id must be a string' })
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'stream_id must be 1 to 64 of A-Z a-z 0-9 _ -');
