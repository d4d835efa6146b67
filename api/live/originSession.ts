import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { keepMsOf, type LiveAnswer } from './liveAnswer.ts';
import { OriginGone } from './originGone.ts';

/** A frozen worker, or a host that is gone, is given up after one to two of these. */
const PING_MS = 1_000;
const WINDOW_BYTES = 16 * 1024 ** 2;
/** No segment is as long: more is no answer of ours. */
const BODY_MAX = 64 * 1024 ** 2;

/** One HTTP/2 connection (cleartext) to the origin of a worker, for all requests of this process. */
export class OriginSession {
  readonly #session: ClientHttp2Session;
  readonly #key: string;
  readonly #pinging: NodeJS.Timeout;
  #open = 0;
  #isPingOut = false;
  #usedAt = performance.now();

  /** @param url of the origin, `http://host:port` @param key that opens it (common/origin/originKey.ts) */
  constructor(url: string, key: string) {
    this.#key = key;
    this.#session = connect(url, {
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
      maxSessionMemory: 64,
    });
    // What goes wrong ends the requests too, each with an error of its own.
    this.#session.on('error', () => undefined);
    this.#session.once('connect', () => this.#session.setLocalWindowSize(4 * WINDOW_BYTES));
    this.#pinging = setInterval(() => this.#ping(), PING_MS).unref();
    this.#session.once('close', () => clearInterval(this.#pinging));
  }

  /** Whether it takes no more requests. */
  get isOver(): boolean {
    return this.#session.closed || this.#session.destroyed;
  }

  /** For how long no request was under way (ms). */
  get idleMs(): number {
    return this.#open > 0 ? 0 : performance.now() - this.#usedAt;
  }

  /** An answer of the origin, whatever its status, whole. Throws OriginGone; the reason of `signal` when that aborts. */
  async get(path: string, signal: AbortSignal): Promise<LiveAnswer> {
    this.#open += 1;
    try {
      return await this.#get(path, signal);
    } finally {
      this.#open -= 1;
      this.#usedAt = performance.now();
    }
  }

  close(): void {
    this.#session.destroy();
  }

  async #get(path: string, signal: AbortSignal): Promise<LiveAnswer> {
    signal.throwIfAborted();
    try {
      const stream = this.#session.request({ ':path': path, authorization: `Bearer ${this.#key}` }, { signal });
      const answered = Promise.withResolvers<IncomingHttpHeaders & { ':status'?: number }>();
      stream.once('response', answered.resolve);
      stream.once('error', answered.reject);
      stream.once('close', () => answered.reject(new OriginGone(`no answer to ${path}`)));
      const headers = await answered.promise;
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > BODY_MAX) throw new OriginGone(`the answer to ${path} has more than ${BODY_MAX} bytes`);
        chunks.push(chunk);
      }
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new OriginGone(`the answer to ${path} was cut`);
      return answerOf(headers, chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof OriginGone ? error : new OriginGone(`no answer to ${path}`, { cause: error });
    }
  }

  /** Only while an answer is awaited. One that does not connect in time is given up like one that does not answer. */
  #ping(): void {
    const answered = (): void => {
      this.#isPingOut = false;
    };
    if (this.#open === 0) answered();
    if (this.#open === 0 || this.isOver) return;
    if (this.#isPingOut) {
      this.#session.destroy();
      return;
    }
    this.#isPingOut = true;
    if (this.#session.connecting) this.#session.once('connect', answered);
    else this.#session.ping(answered);
  }
}

function answerOf(headers: IncomingHttpHeaders & { ':status'?: number }, body: Buffer): LiveAnswer {
  const cacheControl = headers['cache-control'] ?? 'no-store';
  return {
    status: headers[':status'] ?? 0,
    contentType: headers['content-type'] ?? 'application/octet-stream',
    cacheControl,
    location: headers.location,
    preload: /^<([^>]{1,200})>; rel=preload$/.exec(String(headers.link ?? ''))?.[1],
    body,
    at: performance.now(),
    keepMs: keepMsOf(cacheControl),
  };
}
