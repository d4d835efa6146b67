import { AppError } from '../../common/errors.ts';

/** What to tell a person about an error: its message and its causes' messages; the stack only of what nobody foresaw. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const unforeseen = !(error instanceof AppError) && /^(Type|Reference|Range|Syntax)Error$/.test(error.name);
  const parts = error instanceof AggregateError ? error.errors.map(describeError) : [];
  const cause =
    error.cause instanceof Error && !error.message.includes(error.cause.message) ? [error.cause.message] : [];
  return [unforeseen ? error.stack : error.message, ...cause, ...parts].join('\n  ');
}
