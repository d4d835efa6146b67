/**
 * - `retry`: the network, the server or a conflict; the same call may succeed later
 * - `throttled`: slow down (429, 503); see `retryAfterMs`
 * - `denied`: credentials or rights (401, 403)
 * - `config`: no such bucket, unknown host, not implemented: an operator must act
 * - `precondition`: If-Match or If-None-Match did not hold (412)
 * - `aborted`: our own signal
 */
export type StoreErrorKind = 'retry' | 'throttled' | 'denied' | 'config' | 'precondition' | 'aborted';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;
  /** The write may have been stored although it failed (an answer that was lost). */
  readonly ambiguous: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: StoreErrorKind,
    message: string,
    options: { ambiguous?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.ambiguous = options.ambiguous ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}
