import { z } from 'zod';
import { errorCatalogue } from '../../common/errorCatalogue.ts';
import type { AppError } from '../../common/errors.ts';

const codes = Object.keys(errorCatalogue) as [keyof typeof errorCatalogue];

/** An error as callers get it: a problem document (RFC 9457). */
export const problem = z
  .object({
    type: z.string().meta({ format: 'uri-reference', description: 'Where the error is described. One for each code.' }),
    title: z.string().meta({ description: 'What happened; the same text for each error of this code.' }),
    status: z.int().min(400).max(599).meta({ description: 'The HTTP status.' }),
    detail: z.string().meta({ description: 'Which rule was broken, by what.' }),
    next: z.string().meta({ description: 'What to do about it.' }),
    code: z.enum(codes).meta({ description: 'A stable machine word: compare this one.' }),
    retryable: z.boolean().meta({ description: 'Whether the same request can succeed later.' }),
    request_id: z.string().meta({ description: 'Also in the header X-Request-Id and in the log of the server.' }),
    errors: z
      .array(z.object({ name: z.string(), rule: z.string() }))
      .optional()
      .meta({ description: 'Each field or parameter that breaks a rule.' }),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' });

export type Problem = z.infer<typeof problem>;

/** @param detail what the caller may read of it: not the message of an error of ours */
export function problemOf(error: AppError, detail: string, requestId: string): Problem {
  const { title, next } = errorCatalogue[error.code];
  return {
    type: `/docs/errors#${error.code}`,
    title,
    status: error.status,
    detail,
    next,
    code: error.code,
    retryable: error.retryable,
    request_id: requestId,
    ...(error.fields.length > 0 && { errors: [...error.fields] }),
  };
}
