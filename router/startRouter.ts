import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Config } from '../common/config/loadConfig.ts';
import type { Logger } from '../common/createLogger.ts';
import { createRedis } from '../common/redis/createRedis.ts';
import { EntryParser } from '../common/redis/entryParser.ts';
import { RouterRegistry } from '../common/routers/routerRegistry.ts';
import type { RouterStatus } from '../common/routers/routerStatus.ts';
import { StopStack } from '../common/stopStack.ts';
import pack from '../package.json' with { type: 'json' };
import { HealthServer } from './healthServer.ts';
import { bufferAdvice } from './io/bufferAdvice.ts';
import { KernelDrops } from './io/kernelDrops.ts';
import { openPacketIo } from './io/openPacketIo.ts';
import { RouterHeartbeat } from './routerHeartbeat.ts';
import { SrtRouter } from './srtRouter.ts';
import { startMetrics } from './startMetrics.ts';
import { LostReports } from './streams/lostReports.ts';
import { StreamDirectory } from './streams/streamDirectory.ts';

export interface RunningRouter {
  readonly port: number;
  /** Ends every connection, whose caller then calls another router. May be called twice. */
  stop(): Promise<void>;
}

type RouterConfig = Config<'JWT_SECRET' | 'ROUTER_PORT'>;

/** A router, taking callers. Throws `port_unavailable`, and leaves nothing then. Redis may be away. */
export async function startRouter(config: RouterConfig, log: Logger): Promise<RunningRouter> {
  const stack = new StopStack();
  try {
    const io = await openPacketIo(config.ROUTER_IO, { bind: config.ROUTER_BIND, port: config.ROUTER_PORT });
    stack.push('UDP port', () => io.close());
    const redis = createRedis(config, 'request', log);
    stack.push('Redis (request)', () => redis.disconnect());
    const subscriber = createRedis(config, 'subscriber', log);
    stack.push('Redis (subscriber)', () => subscriber.disconnect());
    const entries = new EntryParser({ log });
    const lost = new LostReports(redis, log);
    const onChange = (streamId: string): void => router.follow(streamId);
    const streams = new StreamDirectory({ redis, subscriber, entries, onChange, log });
    const router = new SrtRouter({
      secret: config.JWT_SECRET,
      ringMs: config.ROUTER_RING_MS,
      ringBytes: config.ROUTER_RING_BYTES,
      io,
      streams,
      onLost: stream => void lost.report(stream),
      log,
    });
    stack.push('connections', () => router.stop());
    if (config.ROUTER_HEALTH_PORT !== undefined) {
      const health = await HealthServer.open({ bind: config.ROUTER_BIND, port: config.ROUTER_HEALTH_PORT });
      stack.push('health', () => health.stop());
    }
    streams.start();
    io.onPacket((packet, peer) => router.receive(packet, peer));
    const { id, status } = describe(config, io.port, router);
    const heartbeat = new RouterHeartbeat(new RouterRegistry(redis), status, log);
    heartbeat.start();
    startMetrics({ config, id, status, redis, entries, log, stack });
    redis.on('ready', () => heartbeat.beat());
    stack.push('heartbeat', () => heartbeat.stop());
    const command = bufferAdvice(io.buffers);
    if (command)
      log.warn({ command, ...io.buffers }, "the UDP port's buffers are small: many streams at once lose packets");
    log.info({ routerId: id, port: io.port, io: io.kind }, 'router ready');
    return { port: io.port, stop: () => stack.stop() };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

function describe(config: RouterConfig, port: number, router: SrtRouter): { id: string; status: () => RouterStatus } {
  const id = `${config.NODE_ID}-${randomUUID().slice(0, 8)}`;
  const self = {
    id,
    host: config.ROUTER_HOST ?? hostname(),
    port,
    version: config.SERVICE_VERSION ?? pack.version,
    since: Date.now(),
  };
  const drops = new KernelDrops(port);
  const status = (): RouterStatus => ({
    ...self,
    flows: router.flows,
    totals: { ...router.counters.totals, kernelDrops: drops.count },
  });
  return { id, status };
}
