import { z } from 'zod';
import { fields } from '../redis/fields.ts';
import { type HealthProblemCode, healthFaults, healthProblems } from './healthProblems.ts';

const text = z.string().max(500);
const problem = z.object({
  code: z.enum(Object.keys(healthProblems) as [HealthProblemCode, ...HealthProblemCode[]]),
  fault: z.enum(healthFaults),
  /** ms since 1970 */
  since: fields.ms,
  /** What, and how much: a sentence for people. */
  message: text,
  /** What to do, as a sentence. */
  advice: text,
});

/** Something that is wrong with a stream now. */
export type HealthProblem = z.infer<typeof problem>;

const health = z.object({
  /** ms since 1970, of the present state: all well, or not. */
  since: fields.ms,
  /** The first one came first; empty: all is well. */
  problems: z.array(problem).max(20),
});

/** How a stream with an encoder is. */
export type StreamHealth = z.infer<typeof health>;

/** Reads it from the record's field, JSON. */
export const streamHealth = fields.json.pipe(health);
