import { randomInt } from 'node:crypto';
import { signBody, signRequest } from '../../../common/signature.ts';
import { waitFor } from './waitFor.ts';

export interface Answer {
  status: number;
  body: { success: boolean; data?: unknown; error?: string };
}

export interface StreamView {
  stream_id: string;
  state: string;
  reason: string;
  profile: string;
  fallback: string | null;
  update?: string;
  srt_url?: string | null;
  stream_link?: string | null;
  recording_link?: string | null;
  last_refusal?: { code: number; count: number } | null;
}

/** An app that uses the API, as an app written for the Go Livetran would. */
export class ApiClient {
  readonly url: string;
  readonly #secret: string;

  constructor(url: string, secret: string) {
    this.url = url;
    this.#secret = secret;
  }

  start(
    streamId: string,
    options: {
      profile?: string;
      abr?: boolean;
      latency?: string;
      passphrase?: string;
      record?: boolean;
      dvr?: boolean;
      webhook_urls?: string[];
    } = {},
  ): Promise<Answer> {
    return this.livetran('POST', '/api/start-stream', { stream_id: streamId, ...options });
  }

  stop(streamId: string): Promise<Answer> {
    return this.livetran('POST', '/api/stop-stream', { stream_id: streamId });
  }

  status(streamId: string): Promise<Answer> {
    const path = `/api/status?stream_id=${streamId}`;
    const signature = signRequest({ time: Date.now() / 1_000, method: 'GET', path, body: '' }, this.#secret);
    return this.raw('GET', path, '', { 'lt-signature': signature });
  }

  /** One of Livetran's calls, signed over the body. */
  livetran(method: string, path: string, body?: unknown): Promise<Answer> {
    const text = body === undefined ? '' : JSON.stringify(body);
    return this.raw(method, path, text, { 'lt-signature': signBody(text, this.#secret) });
  }

  async raw(method: string, path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === '' ? {} : { body }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  async stream(streamId: string): Promise<StreamView | undefined> {
    return (await this.resource(`/api/streams/${streamId}`)) as StreamView | undefined;
  }

  /** GETs from the resource API; undefined unless it answers 200. */
  async resource(resource: string): Promise<unknown> {
    // A signature counts once; the random fraction makes two equal requests of one second differ.
    const time = `${Math.floor(Date.now() / 1_000)}.${String(randomInt(1e9)).padStart(9, '0')}`;
    const signature = signRequest({ time, method: 'GET', path: resource, body: '' }, this.#secret);
    const { status, body } = await this.raw('GET', resource, '', { 'lt-signature': signature });
    return status === 200 ? body.data : undefined;
  }

  /** Waits for the stream's playlist URL. */
  link(streamId: string, timeoutMs?: number): Promise<string> {
    return waitFor(
      `${streamId}'s StreamLink`,
      async () => (await this.stream(streamId))?.stream_link || undefined,
      timeoutMs,
    );
  }

  /** Waits until the stream is in a state; answers with its record. */
  inState(streamId: string, state: string, timeoutMs?: number): Promise<StreamView> {
    return waitFor(
      `${streamId} to be ${state}`,
      async () => {
        const stream = await this.stream(streamId);
        return stream?.state === state && stream;
      },
      timeoutMs,
    );
  }
}
