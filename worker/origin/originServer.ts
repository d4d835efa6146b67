import { once } from 'node:events';
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import { signaturesEqual } from '../../common/signature.ts';
import type { LiveEdges } from './liveEdges.ts';
import { methodNotAllowed, notOwner, type OriginAnswer, originAnswer, unauthorized } from './originAnswer.ts';
import { parseOriginRequest } from './originRequest.ts';

/** Requests that one API may have open: each of its streams has a playlist or two and a part that are held. */
const mostStreams = 10_000;

/**
 * A worker's origin for low latency: HTTP/2 without TLS (h2c), for the cluster's APIs alone. `GET /<stream_id>/<file>` with
 * `authorization: Bearer <originKey>`.
 */
export class OriginServer {
  readonly port: number;
  readonly #server: Http2Server;
  readonly #sessions: Set<ServerHttp2Session>;

  private constructor(server: Http2Server, sessions: Set<ServerHttp2Session>) {
    this.#server = server;
    this.#sessions = sessions;
    this.port = (server.address() as AddressInfo).port;
  }

  /** @param options.port 0: any that is free. Throws `port_unavailable` */
  static async start(options: {
    bind: string;
    port: number;
    key: string;
    edges: Pick<LiveEdges, 'get'>;
    log: Logger;
  }): Promise<OriginServer> {
    const { bind, port, key, edges, log } = options;
    const server = createServer({ settings: { maxConcurrentStreams: mostStreams } });
    const sessions = new Set<ServerHttp2Session>();
    server.on('session', session => {
      sessions.add(session);
      session.on('close', () => sessions.delete(session));
      session.on('error', error => log.debug({ err: error }, 'a connection to the origin failed'));
    });
    server.on('stream', (stream, headers) => void serve(stream, headers, { key, edges, log }));
    server.listen(port, bind);
    try {
      await once(server, 'listening');
    } catch (cause) {
      const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
      throw new AppError(
        'port_unavailable',
        `The origin cannot listen on ${bind}:${port} (${why}): set ORIGIN_BIND or ORIGIN_PORT`,
        { cause },
      );
    }
    return new OriginServer(server, sessions);
  }

  /** Ends what is under way. May be called twice. */
  async stop(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.destroy();
    await closed;
  }
}

interface ServeOptions {
  key: string;
  edges: Pick<LiveEdges, 'get'>;
  log: Logger;
}

async function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: ServeOptions): Promise<void> {
  const gone = new AbortController();
  // One that is reset is closed too.
  stream.on('error', () => undefined).on('close', () => gone.abort());
  stream.resume();
  try {
    const answer = await answerOf(headers, options, gone.signal);
    if (stream.destroyed || stream.closed) return;
    stream.respond({ ':status': answer.status, ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
    stream.end(answer.body);
  } catch (error) {
    if (gone.signal.aborted) return;
    options.log.error({ err: error, path: headers[':path'] }, 'the origin failed to answer');
    if (!stream.destroyed) stream.close();
  }
}

async function answerOf(
  headers: IncomingHttpHeaders,
  { key, edges }: ServeOptions,
  signal: AbortSignal,
): Promise<OriginAnswer> {
  if (!signaturesEqual(headers.authorization ?? '', `Bearer ${key}`)) return unauthorized;
  if (headers[':method'] !== 'GET') return methodNotAllowed;
  const request = parseOriginRequest(String(headers[':path'] ?? ''));
  const edge = request && edges.get(request.streamId);
  if (edge === undefined) return notOwner;
  const file = edge.file(request?.file ?? '');
  if (file === undefined) return originAnswer({ kind: 'unknown' }, file, edge);
  const directives = request?.directives;
  if (directives === undefined) return originAnswer({ kind: 'bad_directives' }, file, edge);
  return originAnswer(await edge.answer(file, directives, signal), file, edge);
}
