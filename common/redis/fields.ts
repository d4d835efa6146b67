import { z } from 'zod';

/** Values as Redis holds them, in hashes and lists of strings. */
export const fields = {
  /** A time in ms since 1970; within what a Date can hold. */
  ms: z.coerce.number().min(0).max(8.64e15),
  /** Text that holds a JSON list of URLs. */
  urls: z.string().transform((text, context): string[] => {
    const parsed = list.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    context.addIssue({ code: 'custom', message: 'must be a JSON list of strings' });
    return z.NEVER;
  }),
  /** Text that holds JSON; undefined when it does not. */
  json: z.string().transform(parseJson),
  /** A run's or a token's name, which goes into ids and log lines. */
  word: z.string().regex(/^[A-Za-z0-9._-]{0,64}$/, 'must be at most 64 of A-Z a-z 0-9 . _ -'),
};

const list = z.array(z.string());

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
