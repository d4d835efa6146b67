import { z } from 'zod';
import { type ErrorCode, errorCatalogue } from '../errorCatalogue.ts';
import { fields } from '../redis/fields.ts';

const error = z.object({
  code: z.enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]]),
  /** A sentence for people. */
  message: z.string().max(1_000),
  /** ms since 1970 */
  at: fields.ms,
});

/** What went wrong last in a stream's run, whether it ended the run or not. */
export type LastError = z.infer<typeof error>;

/** Reads it from the record's field, JSON. */
export const lastError = fields.json.pipe(error);
