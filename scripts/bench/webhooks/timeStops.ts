import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cluster } from '../../e2e/harness/cluster.ts';

/** Starts and stops streams, one after the other; ms from each stop call to its STOPPED webhook. */
export async function timeStops(cluster: Cluster, name: string, streams: number): Promise<number[]> {
  const awaited = new Map<string, (at: number) => void>();
  const server = createServer(async (request, response) => {
    const at = performance.now();
    const { StreamId, Status } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    response.writeHead(204).end();
    if (Status === 'STOPPED') awaited.get(StreamId)?.(at);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const times: number[] = [];
  for (let i = 0; i < streams; i += 1) {
    const id = `${name}-${i}`;
    const arrival = new Promise<number>(resolve => awaited.set(id, resolve));
    await cluster.client.start(id, { webhook_urls: [url] });
    const askedAt = performance.now();
    await cluster.client.stop(id);
    times.push((await arrival) - askedAt);
  }
  server.closeAllConnections();
  await new Promise(resolve => server.close(resolve));
  return times;
}
