import type { IncomingMessage } from 'node:http';
import { addAbortSignal } from 'node:stream';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { PutOptions } from './objectStore.ts';
import { SignV4 } from './signV4.ts';

type Request = Parameters<NodeHttpHandler['handle']>[0];

/** Past this difference the store's clock counts: signatures would be refused (RequestTimeTooSkewed). */
const SKEW_MS = 5 * 60_000;
const MOST_ERROR_BYTES = 64 * 1024;

/**
 * PutObject without the SDK's client: its middleware costs twice as much CPU as the request itself, and segments and playlists are
 * most of what a worker sends. Connections, limits and errors are those of the SDK's HTTP handler.
 */
export class S3Put {
  readonly #handler: Pick<NodeHttpHandler, 'handle'>;
  readonly #endpoint: URL;
  /** Of the bucket: endpoints may have one themselves. */
  readonly #path: string;
  readonly #signature: SignV4;
  /** Of the store's clock to ours. */
  #skewMs = 0;

  constructor(options: {
    handler: Pick<NodeHttpHandler, 'handle'>;
    endpoint: string;
    bucket: string;
    region: string;
    accessKey: string;
    secretKey: string;
  }) {
    this.#handler = options.handler;
    this.#endpoint = new URL(options.endpoint);
    this.#path = `${this.#endpoint.pathname.replace(/\/$/, '')}/${encoded(options.bucket)}`;
    this.#signature = new SignV4(options, options.region);
  }

  /** The answer's ETag, undefined when it has none. Throws what s3Failure() reads: an error of the network, or of the store. */
  async send(key: string, body: Buffer, options: PutOptions, signal: AbortSignal): Promise<string | undefined> {
    const { protocol, host, hostname, port } = this.#endpoint;
    const path = `${this.#path}/${key.split('/').map(encoded).join('/')}`;
    const unsigned = { method: 'PUT', path, headers: { host, ...headersOf(body, options) }, body };
    const request = { ...unsigned, protocol, hostname, ...(port === '' ? {} : { port: Number(port) }) };
    const headers = this.#signature.sign(unsigned, Date.now() + this.#skewMs);
    const { response } = await this.#handler.handle({ ...request, headers } as unknown as Request, {
      abortSignal: signal,
    });
    this.#noteClock(response.headers.date);
    const answer = response.body as IncomingMessage;
    if (response.statusCode >= 200 && response.statusCode < 300) {
      // What it says is in its head. An error after that changes nothing.
      answer.on('error', () => undefined).resume();
      return response.headers.etag;
    }
    throw Object.assign(storeError(await readText(answer, signal)), { $response: response });
  }

  #noteClock(date: string | undefined): void {
    const skew = Date.parse(date ?? '') - Date.now();
    if (Math.abs(skew - this.#skewMs) > SKEW_MS) this.#skewMs = skew;
  }
}

/** Percent-encoded as the signature wants it: all but the unreserved characters (RFC 3986, 2.3). */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

function headersOf(
  body: Buffer,
  { contentType, cacheControl, metadata = {}, condition }: PutOptions,
): Record<string, string> {
  const named = Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  return {
    'content-length': String(body.length),
    'content-type': contentType,
    'cache-control': cacheControl,
    ...Object.fromEntries(named),
    ...(condition && ('ifMatch' in condition ? { 'if-match': `"${condition.ifMatch}"` } : { 'if-none-match': '*' })),
  };
}

/** S3's answer to a failed request is XML: `<Error><Code>…</Code><Message>…</Message>`. */
function storeError(text: string): Error {
  const [, name = 'Unknown'] = /<Code>(\w{1,100})<\/Code>/.exec(text) ?? [];
  const [, message = 'the answer has no error message'] = /<Message>([^<]{1,1000})<\/Message>/.exec(text) ?? [];
  return Object.assign(new Error(message), { name });
}

async function readText(answer: IncomingMessage, signal: AbortSignal): Promise<string> {
  let text = '';
  for await (const chunk of addAbortSignal(signal, answer)) {
    text += (chunk as Buffer).toString('latin1');
    if (text.length > MOST_ERROR_BYTES) break;
  }
  return text;
}
