/** No answer came: no such host, connection refused or broken off, a certificate that is not trusted, or no answer in time. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';

  /** @param cause what the connection reported */
  constructor(url: string, cause: unknown) {
    super(`${new URL(url).origin} cannot be reached: ${reasonOf(cause)}`, { cause });
  }
}

/** fetch() reports "fetch failed", and puts the reason into `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
