/**
 * - `retry`: the network, the server, the disk or a conflict; the same call may succeed later
 * - `throttled`: slow down (429, 503); see `retryAfterMs`
 * - `denied`: credentials or rights (401, 403; a folder that may not be written)
 * - `config`: no such bucket, unknown host, bad key, not implemented: an operator must act
 * - `precondition`: If-Match or If-None-Match did not hold (412)
 * - `aborted`: our own signal
 */
export type StoreErrorKind = 'retry' | 'throttled' | 'denied' | 'config' | 'precondition' | 'aborted';

/** The one error that a store throws. The message names the call, the key and, where there is one, the next step. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;
  /** The write may have been stored although it failed (an answer that was lost). */
  readonly ambiguous: boolean;
  readonly retryAfterMs: number | undefined;
  /** HTTP status of the answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(
    kind: StoreErrorKind,
    message: string,
    options: {
      ambiguous?: boolean;
      retryAfterMs?: number | undefined;
      status?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.ambiguous = options.ambiguous ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
  }
}
