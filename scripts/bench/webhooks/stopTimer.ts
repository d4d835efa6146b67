import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cluster } from '../../e2e/harness/cluster.ts';

/** A healthy receiver, and how long a stop takes to reach it. */
export class StopTimer {
  readonly #cluster: Cluster;
  readonly #awaited = new Map<string, (at: number) => void>();
  readonly #server: Server;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#server = createServer(async (request, response) => {
      const at = performance.now();
      const { StreamId, Status } = JSON.parse(Buffer.concat(await request.toArray()).toString());
      response.writeHead(204).end();
      if (Status === 'STOPPED') this.#awaited.get(StreamId)?.(at);
    });
  }

  static async start(cluster: Cluster): Promise<StopTimer> {
    const timer = new StopTimer(cluster);
    await new Promise<void>(resolve => timer.#server.listen(0, '127.0.0.1', resolve));
    return timer;
  }

  /** Starts and stops a stream; ms from the stop call to its STOPPED webhook. */
  async time(id: string): Promise<number> {
    const { port } = this.#server.address() as AddressInfo;
    const arrival = new Promise<number>(resolve => this.#awaited.set(id, resolve));
    await this.#cluster.client.start(id, { webhook_urls: [`http://127.0.0.1:${port}/hook`] });
    const askedAt = performance.now();
    await this.#cluster.client.stop(id);
    return (await arrival) - askedAt;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }
}
