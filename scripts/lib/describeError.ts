import { AppError } from '../../common/errors.ts';

/** An error's text for people: its message and its causes' messages, and the stack of an unexpected one. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const unforeseen = !(error instanceof AppError) && /^(Type|Reference|Range|Syntax)Error$/.test(error.name);
  const parts = error instanceof AggregateError ? error.errors.map(describeError) : [];
  const cause =
    error.cause instanceof Error && !error.message.includes(error.cause.message) ? [error.cause.message] : [];
  return [unforeseen ? error.stack : error.message, ...cause, ...parts].join('\n  ');
}
