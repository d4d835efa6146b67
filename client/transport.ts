import { ApiError } from './apiError.ts';
import { ConnectionError } from './connectionError.ts';
import { delay } from './delay.ts';
import { readJson } from './readJson.ts';
import type { Sign } from './signRequest.ts';

/** What of fetch() the client uses, so that a program can bring its own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Call {
  method: string;
  /** With its query. */
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

export interface TransportOptions {
  /** The API's address without a slash at its end. */
  url: string;
  sign: Sign;
  fetch: Fetch;
  /** How often a call is tried again. */
  retries: number;
  /** ms for each attempt. */
  timeoutMs: number;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 20_000;

/**
 * Signs and sends requests. A call that failed for a reason that passes (no connection, 429, 502, 503, 504) is sent again
 * after a pause that doubles, with jitter, or that the API asked for. A POST carries one Idempotency-Key over all its
 * attempts, so that it is carried out once. Throws ApiError and ConnectionError.
 */
export class Transport {
  readonly url: string;
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.url = options.url;
    this.#options = options;
  }

  /** Resolves to the answer's JSON; undefined for an answer without a body. */
  async call<Answer>(call: Call): Promise<Answer> {
    const idempotent = call.method === 'POST' ? { 'idempotency-key': crypto.randomUUID() } : {};
    const repeated = { ...call, headers: { ...idempotent, ...call.headers } };
    for (let attempt = 0; ; attempt += 1) {
      try {
        return (await this.#attempt(repeated)) as Answer;
      } catch (error) {
        call.signal?.throwIfAborted();
        const pause = pauseMs(error, attempt);
        if (attempt >= this.#options.retries || pause === undefined) throw error;
        await delay(pause, call.signal);
      }
    }
  }

  /** One attempt, whose answer may go on for ever: resolves with its head. */
  async open(call: Call): Promise<Response> {
    const response = await this.#send(call, call.signal);
    if (response.ok) return response;
    throw new ApiError(response.status, response.headers, await readJson(response));
  }

  async #attempt(call: Call): Promise<unknown> {
    const { url, timeoutMs } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${timeoutMs / 1_000} s`)), timeoutMs);
    const signal = call.signal ? AbortSignal.any([call.signal, late.signal]) : late.signal;
    try {
      const response = await this.#send(call, signal);
      if (response.status === 204) return undefined;
      const answer = await readJson(response).catch((error: unknown) => {
        throw error instanceof ApiError ? error : new ConnectionError(url, signal.aborted ? signal.reason : error);
      });
      if (!response.ok) throw new ApiError(response.status, response.headers, answer);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Each attempt has a signature of its own: one is good for one request. */
  async #send({ method, path, body, headers }: Call, signal: AbortSignal | undefined): Promise<Response> {
    const { url, sign, fetch } = this.#options;
    const text = body === undefined ? '' : JSON.stringify(body);
    const all: Record<string, string> = {
      ...{ accept: 'application/json', ...headers },
      ...(text && { 'content-type': 'application/json' }),
      'lt-signature': await sign({ method, path, body: text }),
    };
    try {
      return await fetch(`${url}${path}`, {
        ...{ method, headers: all },
        ...(text && { body: text }),
        ...(signal && { signal }),
      });
    } catch (error) {
      throw new ConnectionError(url, signal?.aborted ? signal.reason : error);
    }
  }
}

/**
 * The pause before the next attempt (ms); undefined when there is no use in one. Half of a pause is random, so that many
 * clients do not come back together.
 */
function pauseMs(error: unknown, attempt: number): number | undefined {
  if (error instanceof ApiError) {
    if (!error.retryable) return undefined;
    const asked = (error.retryAfter ?? 0) * 1_000;
    if (asked > LONGEST_PAUSE_MS) return undefined;
    if (asked > 0) return asked;
  } else if (!(error instanceof ConnectionError)) return undefined;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS);
  return pause / 2 + (Math.random() * pause) / 2;
}
