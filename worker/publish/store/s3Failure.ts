import { StoreError, type StoreErrorKind } from './storeError.ts';

export interface S3Call {
  /** For the message: `PUT live/live.m3u8`. */
  name: string;
  /** A call that changes the store: its lost answer leaves open whether it did. */
  writes: boolean;
  /** A PUT with If-Match: some stores say 404 where the object is missing. */
  ifMatch?: boolean;
  /** This store has answered before: its host name is right, so a failing look-up is an outage. */
  knownHost: boolean;
  signal: AbortSignal | undefined;
}

const transient = new Set(['RequestTimeout', 'RequestTimeTooSkewed', 'OperationAborted', 'ConditionalRequestConflict']);
const throttles = new Set(['SlowDown', 'Throttling', 'ThrottlingException', 'TooManyRequests']);
const hints: Partial<Record<StoreErrorKind, string>> = {
  denied: 'check R2_ACCESS_KEY, R2_SECRET_KEY and what the key may do on the bucket',
  config: 'check R2_ACCOUNT_ID or S3_ENDPOINT, S3_REGION and BUCKET_NAME',
};

/** What the SDK throws, as a StoreError. The SDK's own `$retryable` says nothing with one attempt, so we judge. */
export function s3Failure(error: unknown, call: S3Call): StoreError {
  if (error instanceof StoreError) return error;
  const thrown = readThrown(error);
  const aborted = call.signal?.aborted === true;
  const kind = aborted ? 'aborted' : thrown.status === undefined ? networkKind(thrown, call) : answerKind(thrown, call);
  const what = [thrown.status, thrown.code].filter(part => part !== undefined).join(' ');
  const hint = hints[kind] ? ` (${hints[kind]})` : '';
  return new StoreError(kind, `${call.name}: ${aborted ? 'aborted' : `${what}: ${thrown.message}`}${hint}`, {
    ambiguous: call.writes && mayHaveArrived(kind, thrown),
    retryAfterMs: thrown.retryAfterMs,
    status: thrown.status,
    cause: error,
  });
}

interface Thrown {
  code: string;
  message: string;
  /** Set when the request got no further than this (`getaddrinfo`, `connect`). */
  syscall: string | undefined;
  status: number | undefined;
  retryAfterMs: number | undefined;
}

function readThrown(error: unknown): Thrown {
  const e = (error instanceof Error ? error : new Error(String(error))) as Error & {
    code?: string;
    syscall?: string;
    $response?: { statusCode?: number; headers?: Record<string, string> };
    $metadata?: { httpStatusCode?: number };
  };
  const status = e.$response?.statusCode ?? e.$metadata?.httpStatusCode;
  return {
    // The SDK calls resets `TimeoutError`; Node's code says what happened.
    code: status === undefined ? (e.code ?? e.name) : e.name,
    message: e.message,
    syscall: e.syscall ?? (/without establishing a connection/.test(e.message) ? 'connect' : undefined),
    status,
    retryAfterMs: readRetryAfter(e.$response?.headers?.['retry-after']),
  };
}

/** Retry-After (RFC 9110 10.2.3) in ms: seconds or a date. */
function readRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}

function networkKind(thrown: Thrown, call: S3Call): StoreErrorKind {
  if (thrown.code === 'ENOTFOUND') return call.knownHost ? 'retry' : 'config';
  return isCertificateError(thrown) ? 'config' : 'retry';
}

const isCertificateError = ({ code }: Thrown): boolean => /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code);

function answerKind({ status = 0, code }: Thrown, call: S3Call): StoreErrorKind {
  if (transient.has(code)) return 'retry';
  if (status === 429 || status === 503 || throttles.has(code)) return 'throttled';
  if (status === 412 || (status === 404 && call.ifMatch && code !== 'NoSuchBucket')) return 'precondition';
  if (status === 401 || status === 403) return 'denied';
  if (status === 408 || status === 409) return 'retry';
  if (status === 501 || (status >= 300 && status < 500)) return 'config';
  return 'retry'; // 5xx, and a 200 whose body makes no sense
}

function mayHaveArrived(kind: StoreErrorKind, thrown: Thrown): boolean {
  if (thrown.status !== undefined) return kind === 'retry' && (thrown.status >= 500 || thrown.status < 300);
  const neverSent = thrown.syscall === 'connect' || thrown.syscall === 'getaddrinfo' || isCertificateError(thrown);
  return !neverSent;
}
