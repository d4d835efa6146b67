/** Who has to act: the API's caller, the streamer, the operator (configuration, host), the object store, or us. */
export type Blame = 'caller' | 'streamer' | 'operator' | 'storage' | 'us';

interface ErrorKind {
  /** HTTP status when this error ends a request. */
  status: number;
  /** Whether the same call can succeed later without any change. */
  retryable: boolean;
  blame: Blame;
}

/** Every error this project raises on purpose. A code is a public, stable machine word. */
export const errorCatalogue = {
  signature_missing: { status: 400, retryable: false, blame: 'caller' },
  signature_invalid: { status: 403, retryable: false, blame: 'caller' },
  signature_replayed: { status: 403, retryable: false, blame: 'caller' },
  body_invalid: { status: 400, retryable: false, blame: 'caller' },
  webhook_refused: { status: 400, retryable: false, blame: 'caller' },
  body_too_large: { status: 413, retryable: false, blame: 'caller' },
  unauthorized: { status: 401, retryable: false, blame: 'caller' },
  forbidden: { status: 403, retryable: false, blame: 'caller' },
  not_found: { status: 404, retryable: false, blame: 'caller' },
  method_not_allowed: { status: 405, retryable: false, blame: 'caller' },
  stream_not_found: { status: 400, retryable: false, blame: 'caller' },
  quota: { status: 429, retryable: true, blame: 'caller' },
  rate_limited: { status: 429, retryable: true, blame: 'caller' },
  stream_unreadable: { status: 409, retryable: false, blame: 'operator' },
  stream_running: { status: 409, retryable: false, blame: 'caller' },
  redis_unavailable: { status: 503, retryable: true, blame: 'operator' },
  config_invalid: { status: 500, retryable: false, blame: 'operator' },
  dependency_missing: { status: 500, retryable: false, blame: 'operator' },
  port_unavailable: { status: 500, retryable: true, blame: 'operator' },
  ports_exhausted: { status: 503, retryable: true, blame: 'operator' },
  listener_error: { status: 500, retryable: true, blame: 'operator' },
  key_error: { status: 500, retryable: false, blame: 'operator' },
  input_invalid: { status: 400, retryable: false, blame: 'streamer' },
  transcode_error: { status: 500, retryable: true, blame: 'us' },
  storage_error: { status: 502, retryable: true, blame: 'storage' },
  fenced: { status: 409, retryable: false, blame: 'us' },
  internal_error: { status: 500, retryable: false, blame: 'us' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCatalogue;

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

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
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
