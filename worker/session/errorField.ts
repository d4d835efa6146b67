import type { AppError } from '../../common/errors.ts';
import type { LastError } from '../../common/stream/lastError.ts';

const LONGEST = 1_000;

/** The record's field for what went wrong (LastError); none without an error. @param now ms since 1970 */
export function errorField(
  error: Pick<AppError, 'code' | 'message'> | undefined,
  now = Date.now(),
): { lastError?: string } {
  if (!error) return {};
  const { code, message } = error;
  return { lastError: JSON.stringify({ code, message: message.slice(0, LONGEST), at: now } satisfies LastError) };
}
