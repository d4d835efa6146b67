import { ApiError, Livetran, type Stream } from '../../../client/index.ts';
import { signBody, signRequest } from '../../../common/signature.ts';
import { checkedFetch } from './checkedFetch.ts';
import { useSecret } from './loggedSecrets.ts';
import { waitFor } from './waitFor.ts';

export interface Answer {
  status: number;
  body: { success: boolean; data?: unknown; error?: string };
}

/** An app that starts and stops streams as one written for the Go Livetran does, and uses the resource API for the rest. */
export class ApiClient {
  readonly url: string;
  /** Livetran's own client. Each answer that it gets is checked against the OpenAPI document. */
  readonly v1: Livetran;
  readonly #secret: string;

  constructor(url: string, secret: string) {
    this.url = url;
    this.#secret = secret;
    this.v1 = new Livetran({ url, secret, fetch: checkedFetch, retries: 0 });
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
    const { passphrase } = (body ?? {}) as { passphrase?: unknown };
    if (typeof passphrase === 'string') useSecret('a passphrase', passphrase);
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

  /** undefined unless the API shows it. */
  async stream(streamId: string): Promise<Stream | undefined> {
    try {
      return await this.v1.streams.get(streamId);
    } catch (error) {
      if (error instanceof ApiError) return undefined;
      throw error;
    }
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
  inState(streamId: string, state: string, timeoutMs?: number): Promise<Stream> {
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
