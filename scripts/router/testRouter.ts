import { Redis } from 'ioredis';
import { loadConfig } from '../../common/config/loadConfig.ts';
import { mintStreamKey } from '../../common/srt/mintStreamKey.ts';
import { srtUrl } from '../../common/srt/srtUrl.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { startRedis } from '../../common/testing/startRedis.ts';
import { type RunningRouter, startRouter } from '../../router/startRouter.ts';
import { type HeldLease, LeaseScripts } from '../../worker/claim/leaseScripts.ts';
import { freeUdpPort } from '../../worker/ingest/testing/freeUdpPort.ts';
import { recordingLogger } from '../../worker/ingest/testing/testListener.ts';

const SECRET = 'jwt-secret-for-tests-0123456789';

/** A stream in Redis, as the API and workers write it. */
export interface TestStream {
  readonly run: string;
  /** What an encoder gets. */
  readonly url: string;
  readonly streamIdText: string;
  /** A worker takes it and listens there. @param host its SRT_HOST; default 127.0.0.1 */
  own(port: number, host?: string): Promise<HeldLease>;
  /** Its owner writes something. */
  write(held: HeldLease, fields: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

export interface TestRouter {
  readonly port: number;
  readonly redis: Redis;
  readonly log: Record<string, unknown>[];
  /** Begins a new run. @param ttlSeconds of its key */
  stream(streamId: string, ttlSeconds?: number): Promise<TestStream>;
  /** The environment of another router process with the same secret and port. */
  readonly env: Record<string, string>;
  readonly router: RunningRouter | undefined;
  stop(): Promise<void>;
}

/** A router in this process, with a Redis of its own. @param options.started false: only what it needs */
export async function startTestRouter(
  options: { started?: boolean; env?: Record<string, string> } = {},
): Promise<TestRouter> {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const port = await freeUdpPort();
  const env = {
    JWT_SECRET: SECRET,
    REDIS_URL: server.url,
    ROUTER_BIND: '127.0.0.1',
    ROUTER_HOST: '127.0.0.1',
    ROUTER_PORT: String(port),
    ...options.env,
  };
  const { log, lines } = recordingLogger();
  const { config } = loadConfig(env, ['JWT_SECRET', 'ROUTER_PORT']);
  const router = options.started === false ? undefined : await startRouter(config, log);
  const scripts = new LeaseScripts(redis);
  const store = new StreamStore(redis);
  let writes = 0;
  return {
    ...{ port, redis, log: lines, env, router },
    stream: async (streamId, ttlSeconds = 600) => {
      const run = await store.start(streamId, { profile: 'transcode', webhookUrls: [] });
      const key = mintStreamKey({ streamId, run, secret: SECRET, ttlSeconds });
      const url = srtUrl({ host: env.ROUTER_HOST, port }, streamId, key);
      const write: TestStream['write'] = async (held, fields) => {
        writes += 1;
        await scripts.update(held, { state: 'READY', fields, event: 'something has changed' }, writes);
      };
      return {
        ...{ run, url, write, streamIdText: url.slice(url.indexOf('streamid=') + 9) },
        own: async (listenerPort, host = '127.0.0.1') => {
          const taken = await scripts.acquire(streamId, run, `process/${writes}`, 60_000);
          if (taken.kind !== 'taken') throw new Error(`the stream is ${taken.kind}`);
          const held = { streamId, run, token: taken.token };
          await write(held, { ingest: `${taken.token}/${listenerPort}/${host}`, reason: 'listening' });
          return held;
        },
        stop: async () => void (await store.stop(streamId)),
      };
    },
    stop: async () => {
      await router?.stop();
      redis.disconnect();
      await server.stop();
    },
  };
}
