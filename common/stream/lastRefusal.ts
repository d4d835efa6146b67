import { z } from 'zod';
import { fields } from '../redis/fields.ts';

const refusal = z.object({
  /** SRT's reject code, as the caller sees it (1400 and up). */
  code: z.number(),
  /** `ip:port` */
  peer: z.string().max(100),
  /** A sentence for people. */
  message: z.string().max(500),
  /** ms since 1970 */
  at: fields.ms,
  /** Refusals in this run, this one included. */
  count: z.number(),
});

/** The encoder that a stream refused last. */
export type LastRefusal = z.infer<typeof refusal>;

/** Reads it from the record's field, JSON. */
export const lastRefusal = fields.json.pipe(refusal);
