import type { Problem } from './openapi.ts';

/** The API answered with an error. `message` says the rule and the next step, as the API put it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status. */
  readonly status: number;
  /** A stable machine word, e.g. `stream_running`; `unknown` when the answer is not Livetran's. */
  readonly code: Problem['code'] | 'unknown';
  /** Names the request in the log of the API; also in its header `X-Request-Id`. */
  readonly requestId: string | undefined;
  /** Whether the same call can succeed later without any change. The client has already retried such a call. */
  readonly retryable: boolean;
  /** Seconds that the API asked to wait, from `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** The whole problem document. */
  readonly problem: Partial<Problem>;

  constructor(status: number, headers: Headers, problem: Partial<Problem>) {
    super(problem.detail ?? problem.title ?? `HTTP status ${status}`);
    this.status = status;
    this.code = problem.code ?? 'unknown';
    this.requestId = problem.request_id ?? headers.get('x-request-id') ?? undefined;
    this.retryable = problem.retryable ?? [429, 502, 503, 504].includes(status);
    this.retryAfter = secondsOf(headers.get('retry-after'));
    this.problem = problem;
  }
}

/** `Retry-After` is seconds or an HTTP date (RFC 9110, 10.2.3). */
function secondsOf(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1_000);
}
