import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { AppError } from '../common/errors.ts';

/** Load balancers ask from several places, once in some seconds each. */
const MOST_CONNECTIONS = 64;
const REQUEST_MS = 5_000;

/** Answers `GET /healthz` over plain HTTP for load balancers and supervisors: none of them can ask by SRT. */
export class HealthServer {
  readonly #server: Server;

  /**
   * Answers 200 until it is stopped, which comes before the end of the connections.
   * @throws AppError `port_unavailable` when the port cannot be bound
   */
  static async open(place: { bind: string; port: number }): Promise<HealthServer> {
    const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: 4_096 };
    const server = createServer(limits, (request, response) => {
      const status = request.url === '/healthz' ? 200 : 404;
      response.writeHead(status, { connection: 'close', 'content-length': 0 }).end();
    });
    server.maxConnections = MOST_CONNECTIONS;
    try {
      const listening = once(server, 'listening');
      server.listen(place.port, place.bind);
      await listening;
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
      const message = `TCP port ${place.port} on ${place.bind} could not be bound (${code}); check ROUTER_BIND and ROUTER_HEALTH_PORT`;
      throw new AppError('port_unavailable', message, { cause });
    }
    return new HealthServer(server);
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
