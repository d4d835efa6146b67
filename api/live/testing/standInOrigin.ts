import { once } from 'node:events';
import { createServer, type Http2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

interface Reply {
  status?: number;
  type?: string;
  cache?: string;
  body?: string | Buffer;
  location?: string;
  link?: string;
}

/** A worker's origin as APIs meet it: it holds requests, answers late, is not the owner, and dies. For tests. */
export class StandInOrigin {
  /** The paths that were asked for, with their queries, in order. */
  readonly asked: string[] = [];
  /** The keys that were shown. */
  readonly keys = new Set<string | undefined>();
  readonly #server: Http2Server;
  readonly #sockets = new Set<Socket>();
  readonly #replies = new Map<string, Reply>();
  readonly #held: { path: string; response: Http2ServerResponse }[] = [];
  isOwner = true;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('sessionError', () => undefined);
  }

  static async start(): Promise<StandInOrigin> {
    const origin = new StandInOrigin();
    origin.#server.listen(0, '127.0.0.1');
    await once(origin.#server, 'listening');
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get held(): readonly string[] {
    return this.#held.map(({ path }) => path);
  }

  /** From now on it has this file. What was held for it is answered. */
  has(path: string, reply: Reply): void {
    this.#replies.set(path, reply);
    for (const one of this.#held.splice(0)) {
      if (one.path === path) send(one.response, reply);
      else this.#held.push(one);
    }
  }

  /** Ends every hold as an owner that gives its stream away does. */
  disown(): void {
    this.isOwner = false;
    for (const { response } of this.#held.splice(0)) send(response, notOwner);
  }

  /** As a killed process: connections are reset, and nothing listens. */
  async die(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  #answer(request: Http2ServerRequest, response: Http2ServerResponse): void {
    const path = request.url;
    this.asked.push(path);
    this.keys.add(request.headers.authorization);
    const reply = this.isOwner ? this.#replies.get(path) : notOwner;
    if (reply) send(response, reply);
    else if (path.includes('_HLS_') || /_p\d/.test(path)) this.#held.push({ path, response });
    else send(response, { status: 404, type: 'application/json', cache: 'max-age=1', body: '{"code":"unknown_file"}' });
  }
}

const notOwner: Reply = { status: 404, type: 'application/json', cache: 'no-store', body: '{"code":"not_owner"}' };

function send(
  response: Http2ServerResponse,
  { status = 200, type, cache = 'no-store', body = '', location, link }: Reply,
): void {
  const isPlaylist = type === undefined && typeof body === 'string';
  response.writeHead(status, {
    'content-type': type ?? (isPlaylist ? 'application/vnd.apple.mpegurl' : 'video/mp2t'),
    'cache-control': cache,
    'x-livetran-run': 'r1',
    ...(location !== undefined && { location }),
    ...(link !== undefined && { link }),
  });
  response.end(body);
}
