import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import type { Config } from '../common/config/loadConfig.ts';
import type { Logger } from '../common/createLogger.ts';
import { createMetrics } from '../common/metrics/createMetrics.ts';
import { telemetryOf } from '../common/metrics/telemetry.ts';
import { createRedis } from '../common/redis/createRedis.ts';
import { EntryParser } from '../common/redis/entryParser.ts';
import { createQueue, queueNames, type StreamJob, streamJobOptions } from '../common/redis/queues.ts';
import { StopStack } from '../common/stopStack.ts';
import { createTracing } from '../common/tracing/createTracing.ts';
import { withDeadline } from '../common/withDeadline.ts';
import { startAdmin } from './admin/startAdmin.ts';
import { startAuth } from './auth/startAuth.ts';
import { createApp } from './createApp.ts';
import { createMetricsApp } from './createMetricsApp.ts';
import { EventFeed } from './events/eventFeed.ts';
import { followCertificate } from './http/followCertificate.ts';
import { startHttpServer } from './http/httpServer.ts';
import { loadCertificate } from './http/loadCertificate.ts';
import { startLive } from './live/startLive.ts';
import { ClusterMetrics } from './metrics/clusterMetrics.ts';
import { metricsText } from './metrics/metricsText.ts';
import { StreamMetrics } from './metrics/streamMetrics.ts';
import { AudienceStore } from './viewers/audienceStore.ts';
import { Audiences } from './viewers/audiences.ts';

const REDIS_WAIT_MS = 2_000;
const REQUESTS_DEADLINE_MS = 10_000;
const METRICS_AGE_MS = 1_000;
const QUEUE_DEADLINE_MS = 2_000;

/** The front door, listening. Redis may be away. Throws `port_unavailable` or `config_invalid`, and leaves nothing. */
export async function startApi(
  config: Config<'HMAC_SECRET'>,
  log: Logger,
): Promise<{ url: string; stop(): Promise<void> }> {
  const stack = new StopStack();
  const self = { service: 'livetran-api', instance: `${config.NODE_ID}-${randomUUID().slice(0, 8)}` };
  try {
    const certificate = config.TLS ? await loadCertificate(certificateFiles(config), log) : undefined;
    const redis = connect(config, 'request', log, stack);
    const connection = connect(config, 'queue', log, stack);
    const queue = createQueue<StreamJob>(queueNames.streams, connection, streamJobOptions);
    // BullMQ's close() waits for a Redis that is away; the connection's end, next in the stack, needs no answer.
    stack.push('queue', () => withDeadline(queue.close(), QUEUE_DEADLINE_MS, noteLate(log)));
    // Stopped while Redis is still there: its last export counts the streams once more.
    const entries = new EntryParser({ log });
    const metrics = createMetrics(telemetryOf(config, { ...self, enabled: config.ENABLE_METRICS }), [
      new ClusterMetrics(redis, entries),
      new StreamMetrics(redis, entries, config.STREAM_METRICS),
    ]);
    stack.push('metrics', () => metrics.stop());
    const tracing = createTracing(telemetryOf(config, { ...self, enabled: config.ENABLE_TRACES }));
    stack.push('traces', () => tracing?.stop());
    const admin = await startAdmin({ config, redis, connection, entries, log }, stack);
    const events = new EventFeed({ redis: connect(config, 'queue', log, stack), entries, log });
    events.start();
    await ready(redis, log);
    const auth = await startAuth(
      { config, redis, subscriber: connect(config, 'subscriber', log, stack), entries, log },
      stack,
    );
    const text = metricsText(metrics, METRICS_AGE_MS);
    if (config.METRICS_PORT !== undefined) await startMetrics(config.METRICS_PORT, text, config, log, stack);
    const audiences = new Audiences({ store: new AudienceStore(redis), log });
    stack.push('audiences', () => audiences.stop());
    const deps = { config, log, redis, entries, queue, events, auth, metrics, audiences, tracing };
    const own = config.METRICS_PORT === undefined && { metricsText: text };
    const live = startLive({ ...deps, tokens: auth.playbackTokens, meter: metrics.meter }, stack);
    const handler = live.inFrontOf(createApp({ ...deps, ...(admin && { admin }), ...own }));
    const where = { host: config.API_HOST, port: config.API_PORT, ...(certificate && { certificate }) };
    const server = await startHttpServer({ handler, ...where });
    stack.push('server', () => server.stop(REQUESTS_DEADLINE_MS));
    if (certificate) {
      const use = server.useCertificate;
      stack.push('certificate', followCertificate({ files: certificateFiles(config), used: certificate, use, log }));
    }
    stack.push('held live requests', () => live.endHeld());
    // Its listeners' answers have no other end, and the server waits for answers.
    stack.push('events', () => events.stop());
    return { url: server.url, stop: () => stack.stop() };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Plain HTTP, on the address of the API: METRICS_PORT is for the private network. */
async function startMetrics(
  port: number,
  text: () => Promise<string>,
  config: Config,
  log: Logger,
  stack: StopStack,
): Promise<void> {
  const handler = createMetricsApp({ text, token: config.METRICS_TOKEN, log });
  const server = await startHttpServer({ handler, host: config.API_HOST, port, portName: 'METRICS_PORT' });
  stack.push('metrics server', () => server.stop(REQUESTS_DEADLINE_MS));
}

function connect(config: Config, role: 'request' | 'queue' | 'subscriber', log: Logger, stack: StopStack): Redis {
  const redis = createRedis(config, role, log);
  stack.push(`Redis (${role})`, () => redis.disconnect());
  return redis;
}

/** Usually there in a few ms, and then the first request is not refused. When it is away we serve 503 until it comes. */
async function ready(redis: Redis, log: Logger): Promise<void> {
  if (redis.status === 'ready') return;
  const patience = AbortSignal.timeout(REDIS_WAIT_MS);
  try {
    await once(redis, 'ready', { signal: patience });
  } catch {
    log.warn('Redis does not answer; calls get 503 until it does');
  }
}

const noteLate = (log: Logger) => () =>
  log.debug('a queue did not close before its deadline; the process ends without it');

const certificateFiles = (config: Config) => ({ certFile: config.TLS_CERT_FILE, keyFile: config.TLS_KEY_FILE });
