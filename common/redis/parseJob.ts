import { UnrecoverableError } from 'bullmq';
import type { z } from 'zod';
import type { EntryParser } from './entryParser.ts';

/**
 * The payload of a job, checked where it is taken: anybody who reaches Redis or the queue board can write one. Counts a
 * payload that does not parse, and throws UnrecoverableError (BullMQ: the job fails, without another attempt).
 */
export function parseJob<Schema extends z.ZodType>(
  queue: string,
  schema: Schema,
  job: { id?: string | undefined; data: unknown },
  entries: EntryParser,
): z.infer<Schema> {
  const parsed = schema.safeParse(job.data);
  if (parsed.success) return parsed.data;
  entries.skip(`job of ${queue}`, job.id ?? 'without an id', parsed.error);
  const rules = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join('.') || 'payload'}: ${message}`);
  throw new UnrecoverableError(`the payload is not that of a job of ${queue}: ${rules.join('; ')}`.slice(0, 500));
}
