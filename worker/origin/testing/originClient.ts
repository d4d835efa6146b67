import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';

export interface OriginResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
}

/** Asks a worker's origin as an API does. */
export class OriginClient {
  readonly #session: ClientHttp2Session;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#session = connect(url);
    this.#session.on('error', () => undefined);
    this.#key = key;
  }

  /** @param headers in place of the right key */
  get(path: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<OriginResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<OriginResponse>();
    const request = this.#session.request(
      { ':path': path, authorization: `Bearer ${this.#key}`, ...headers },
      signal && { signal },
    );
    const chunks: Buffer[] = [];
    let answer: IncomingHttpHeaders = {};
    request.on('response', received => {
      answer = received;
    });
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', reject);
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      resolve({ status: Number(answer[':status']), headers: answer, body, text: body.toString() });
    });
    return promise;
  }

  close(): void {
    this.#session.destroy();
  }
}
