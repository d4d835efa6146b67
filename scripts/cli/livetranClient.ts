import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { signRequest } from '../../common/signature.ts';
import { type Answer, request, requestStream, UnreachableError } from '../lib/request.ts';
import { readEvents } from './readEvents.ts';

/** The API refused the call. `status` is the HTTP status; the message is the API's own. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const text = z.string().nullish();
const streamView = z.object({
  stream_id: z.string(),
  state: z.string(),
  reason: text,
  update: text,
  stopping: z.boolean().optional(),
  profile: text,
  fallback: text,
  abr: z.boolean().optional(),
  created_at: text,
  updated_at: text,
  srt_url: text,
  stream_link: text,
  recording_link: text,
  node: text,
  worker: text,
  health: z
    .object({
      status: z.string(),
      since: z.string(),
      problems: z.array(
        z.object({ code: z.string(), fault: z.string(), since: z.string(), message: z.string(), advice: z.string() }),
      ),
    })
    .nullish(),
  /** The encoder that was refused last. `code`: SRT's, as the caller sees it. */
  last_refusal: z
    .object({ code: z.number(), peer: z.string(), message: z.string(), at: z.string(), count: z.number() })
    .nullish(),
});

/** A stream as `GET /api/streams/:id` shows it. */
export type StreamView = z.infer<typeof streamView>;

const workerView = z.object({
  id: z.string(),
  node: z.string(),
  address: z.string(),
  version: z.string(),
  since: z.string(),
  slots: z.number(),
  streams: z.number(),
  units_used: z.number(),
  profiles: z.record(z.string(), z.number()).nullish(),
  full: z.boolean(),
  draining: z.boolean(),
  busy: text,
  load: z.object({ cpu: z.number(), event_loop_ms: z.number() }),
});

/** A worker as `GET /api/workers` shows it. */
export type WorkerView = z.infer<typeof workerView>;

const streamEvent = z.looseObject({
  event_id: z.string(),
  state: z.string(),
  reason: text,
  update: text,
  stream_link: text,
  recording_link: text,
  time: z.string(),
});

/** A stream's change as `GET /api/streams/:id/events` sends it. */
export type EventView = z.infer<typeof streamEvent>;

/** The API sends at least a comment every 15 s. */
const SILENCE_MS = 40_000;

const refusal = z.object({ error: z.string() });

export interface StartOptions {
  profile?: string;
  latency?: string;
  abr?: boolean;
  record?: boolean;
  dvr?: boolean;
  passphrase?: string;
  webhookUrls?: readonly string[];
}

/** Calls the resource API, which signs time, method, path and body. Throws RefusedError or UnreachableError. */
export class LivetranClient {
  readonly url: string;
  readonly #secret: string;
  readonly #signal: AbortSignal | undefined;

  constructor(options: { url: string; secret: string; signal?: AbortSignal }) {
    this.url = options.url.replace(/\/+$/, '');
    this.#secret = options.secret;
    this.#signal = options.signal;
  }

  /** Starts a stream. Resolves to it as it was just created. */
  async start(streamId: string, options: StartOptions = {}): Promise<StreamView> {
    const { webhookUrls = [], ...switches } = options;
    const body = { stream_id: streamId, ...switches, ...(webhookUrls.length > 0 && { webhook_urls: webhookUrls }) };
    return streamView.parse(await this.#call('POST', '/api/streams', body));
  }

  /** Asks for the end of a stream. Resolves to the stream, which may still be ending. */
  async stop(streamId: string): Promise<StreamView> {
    return streamView.parse(await this.#call('DELETE', pathOf(streamId)));
  }

  async list(): Promise<StreamView[]> {
    return z.array(streamView).parse(await this.#call('GET', '/api/streams'));
  }

  async workers(): Promise<WorkerView[]> {
    return z.array(workerView).parse(await this.#call('GET', '/api/workers'));
  }

  async get(streamId: string): Promise<StreamView> {
    return streamView.parse(await this.#call('GET', pathOf(streamId)));
  }

  /** Yields the present state, then every change until the API ends the connection. Throws UnreachableError when the connection breaks. */
  async *events(streamId: string): AsyncGenerator<EventView> {
    const path = `${pathOf(streamId)}/events`;
    const signal = this.#signal;
    const options = { headers: this.#signed('GET', path), silenceMs: SILENCE_MS, ...(signal && { signal }) };
    const response = await requestStream(`${this.url}${path}`, options);
    const { statusCode: status = 0, headers } = response;
    if (status !== 200) throw refused({ status, headers, body: Buffer.concat(await response.toArray()) });
    try {
      for await (const event of readEvents(response)) yield streamEvent.parse(event);
    } catch (error) {
      if (error instanceof z.ZodError || signal?.aborted) throw error;
      throw new UnreachableError(`the connection to ${this.url} broke: ${(error as Error).message}`, { cause: error });
    }
  }

  async #call(method: string, path: string, content?: object): Promise<unknown> {
    const body = content ? JSON.stringify(content) : '';
    const headers = { ...this.#signed(method, path, body), ...(body && { 'content-type': 'application/json' }) };
    const signal = this.#signal;
    const answer = await request(`${this.url}${path}`, { method, headers, body, ...(signal && { signal }) });
    if (answer.status >= 300) throw refused(answer);
    return (parse(answer) as { data?: unknown }).data;
  }

  #signed(method: string, path: string, body = ''): Record<string, string> {
    // A signature is good for one request. The random fraction makes two equal requests within a second differ.
    const time = `${Math.floor(Date.now() / 1_000)}.${String(randomInt(1e9)).padStart(9, '0')}`;
    return { 'lt-signature': signRequest({ time, method, path, body }, this.#secret) };
  }
}

const pathOf = (streamId: string): string => `/api/streams/${encodeURIComponent(streamId)}`;

function refused(answer: Answer): RefusedError {
  const reported = refusal.safeParse(parse(answer));
  return new RefusedError(answer.status, reported.success ? reported.data.error : `HTTP status ${answer.status}`);
}

function parse(answer: Answer): unknown {
  try {
    return JSON.parse(answer.body.toString()) as unknown;
  } catch {
    throw new RefusedError(answer.status, `the answer (HTTP status ${answer.status}) is not Livetran's; check the URL`);
  }
}
