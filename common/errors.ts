import { type Blame, type ErrorCode, errorCatalogue } from './errorCatalogue.ts';

/** One field or parameter that breaks a rule. */
export interface FieldProblem {
  /** Its path, e.g. `webhook_urls.0`; empty: the whole. */
  name: string;
  rule: string;
}

/**
 * The project's one error type. `message` says the name, the rule and the next step and never a secret: it is shown to
 * callers (below 500), written to logs and sent in webhooks as it stands.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly blame: Blame;
  readonly fields: readonly FieldProblem[];
  /** Where it is known when the same call can succeed. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { cause?: unknown; fields?: readonly FieldProblem[]; retryAfterSeconds?: number },
  ) {
    super(message, options);
    this.retryAfterSeconds = options?.retryAfterSeconds;
    this.fields = options?.fields ?? [];
    const kind = errorCatalogue[code];
    this.code = code;
    this.status = kind.status;
    this.retryable = kind.retryable;
    this.blame = kind.blame;
  }

  /** Any thrown value as an AppError; what is not one already becomes `code` with the original as its cause. */
  static from(error: unknown, code: ErrorCode = 'internal_error'): AppError {
    if (error instanceof AppError) return error;
    return new AppError(code, error instanceof Error ? error.message : String(error), { cause: error });
  }
}
