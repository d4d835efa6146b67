import { isIPv6 } from 'node:net';
import { originKey } from '../../common/origin/originKey.ts';
import { LiveEdges } from '../origin/liveEdges.ts';
import { OriginServer } from '../origin/originServer.ts';
import { ownAddress } from './ownAddress.ts';
import type { WorkerContext } from './workerContext.ts';

/** The origin for low latency, and its URL for APIs. Throws `port_unavailable`. */
export async function startOrigin({
  config,
  log,
  stack,
}: WorkerContext): Promise<{ edges: LiveEdges; origin: string }> {
  const { ORIGIN_BIND: bind, ORIGIN_PORT: port, HMAC_SECRET } = config;
  const edges = new LiveEdges();
  const server = await OriginServer.start({ bind, port, key: originKey(HMAC_SECRET), edges, log });
  stack.push('origin', async () => {
    edges.stop();
    await server.stop();
  });
  const isAny = bind === '0.0.0.0' || bind === '::';
  const host = config.ORIGIN_HOST ?? (isAny ? ownAddress() : bind);
  return { edges, origin: `http://${isIPv6(host) ? `[${host}]` : host}:${server.port}` };
}
