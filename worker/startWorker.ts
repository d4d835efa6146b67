import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { Redis } from 'ioredis';
import type { Config } from '../common/config/loadConfig.ts';
import type { Logger } from '../common/createLogger.ts';
import { createRedis } from '../common/createRedis.ts';
import {
  createQueue,
  queueNames,
  type RecordingJob,
  type RetentionJob,
  type StreamJob,
  streamJobOptions,
  type WebhookJob,
  webhookJobOptions,
} from '../common/queues.ts';
import { StopStack } from '../common/stopStack.ts';
import { StreamStore } from '../common/streamStore.ts';
import { WorkerRegistry } from '../common/workerRegistry.ts';
import { Heartbeat } from './claim/heartbeat.ts';
import { LeaseScripts } from './claim/leaseScripts.ts';
import { Reconciler } from './claim/reconciler.ts';
import { StreamConsumer } from './claim/streamConsumer.ts';
import { WakeListener } from './claim/wakeListener.ts';
import { createPhases } from './createPhases.ts';
import { PortLeases } from './ingest/portLease.ts';
import { SrtHost } from './ingest/srtHost.ts';
import { OutboxRelay } from './notify/outboxRelay.ts';
import { createTellStream } from './notify/tellStream.ts';
import { WebhookSender } from './notify/webhookSender.ts';
import { RetentionQueue } from './publish/retention/retentionQueue.ts';
import { PersistentUploads } from './publish/spool/persistentUploads.ts';
import { Spool } from './publish/spool/spool.ts';
import { SpoolDrops } from './publish/spool/spoolDrops.ts';
import { SpoolSweeper } from './publish/spool/spoolSweeper.ts';
import { UploadQueue } from './publish/spool/uploadQueue.ts';
import { createStore } from './publish/store/createStore.ts';
import type { ObjectStore } from './publish/store/objectStore.ts';
import { Session } from './session.ts';
import { checkFfmpeg } from './transcode/checkFfmpeg.ts';

type WorkerConfig = Config<'JWT_SECRET' | 'HMAC_SECRET'>;

const PROBE_MS = 10_000;
const WEBHOOKS_AT_A_TIME = 50;

interface Connections {
  queue: Redis;
  request: Redis;
  lease: Redis;
  subscriber: Redis;
}

/**
 * A worker, taking streams. Throws `dependency_missing` or `config_invalid`, and leaves nothing then. Redis and the store
 * may be away. `stop()` hands every stream over and resolves when all is given back.
 */
export async function startWorker(config: WorkerConfig, log: Logger): Promise<{ stop(): Promise<void> }> {
  const stack = new StopStack();
  try {
    const { version } = await checkFfmpeg(config.FFMPEG);
    const srtHost = await SrtHost.start({ log, ...(config.SRT_LIBRARY && { library: config.SRT_LIBRARY }) });
    stack.push('SRT', () => srtHost.stop());
    const spool = new Spool(config.SPOOL_DIR, config.NODE_ID);
    await spool.claim();
    await spool.owners.hold();
    stack.push('spool', () => spool.owners.release());
    const redis = connect(config, log, stack);
    const workerId = `${config.NODE_ID}-${randomUUID().slice(0, 8)}`;
    await startNotifying(config, redis, workerId, log, stack);
    const store = createStore(config.storage, log);
    stack.push('store', () => store.close());
    const fences = await probe(store, log);
    const uploads = startUploads(config, redis, { store, fences, spool }, log, stack);
    const retention = startRetention(config, redis, store, log, stack);
    startSweeping(config, redis, { spool, uploads }, log, stack);
    const ports = new PortLeases(redis.request, config.NODE_ID, config.SRT_PORTS);
    const shared = {
      config,
      srtHost,
      ports,
      srtHostName: config.SRT_HOST ?? ownAddress(),
      store,
      fences,
      uploads: persistUploads(uploads, stack),
      spool,
      retire: (job: RetentionJob) => retention.schedule(job),
      complete: (job: RecordingJob) => retention.complete(job),
    };
    startClaiming(config, redis, { ...shared, redis: redis.request, log }, log, stack);
    const heartbeat = new Heartbeat(new WorkerRegistry(redis.request), workerId, log);
    heartbeat.start();
    stack.push('heartbeat', () => heartbeat.stop());
    log.info({ workerId, node: config.NODE_ID, ffmpeg: version, fences, srt: config.SRT_PORTS }, 'worker ready');
    return { stop: () => stack.stop() };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

function connect(config: WorkerConfig, log: Logger, stack: StopStack): Connections {
  const open = (role: keyof Connections): Redis => {
    const redis = createRedis(config.REDIS_URL, role, log);
    stack.push(`Redis (${role})`, () => redis.disconnect());
    return redis;
  };
  return { queue: open('queue'), request: open('request'), lease: open('lease'), subscriber: open('subscriber') };
}

async function startNotifying(
  config: WorkerConfig,
  redis: Connections,
  workerId: string,
  log: Logger,
  stack: StopStack,
): Promise<void> {
  const queue = createQueue<WebhookJob>(queueNames.webhooks, redis.queue, webhookJobOptions);
  const relay = new OutboxRelay({ redis: createRedis(config.REDIS_URL, 'queue', log), queue, workerId, log });
  relay.start();
  stack.push('outbox relay', () => relay.stop());
  const sender = new WebhookSender({
    redis: redis.queue,
    queue,
    secret: config.HMAC_SECRET,
    allowPrivate: config.WEBHOOK_ALLOW_PRIVATE,
    concurrency: WEBHOOKS_AT_A_TIME,
    log,
  });
  sender.start();
  stack.push('webhooks', () => sender.stop());
}

function startUploads(
  config: WorkerConfig,
  redis: Connections,
  parts: { store: ObjectStore; fences: boolean; spool: Spool },
  log: Logger,
  stack: StopStack,
): UploadQueue {
  const uploads = new UploadQueue({
    ...parts,
    node: config.NODE_ID,
    connection: redis.queue,
    subscriber: redis.subscriber,
    attempts: config.UPLOAD_ATTEMPTS,
    backoffMs: config.UPLOAD_BACKOFF_MS,
    concurrency: config.UPLOAD_CONCURRENCY,
    log,
  });
  uploads.start();
  stack.push('uploads', () => uploads.stop());
  return uploads;
}

/** For streams. The sweep has no need of it: it looks again by itself. */
function persistUploads(uploads: UploadQueue, stack: StopStack): PersistentUploads {
  const persistent = new PersistentUploads(uploads);
  stack.push('retries of uploads', async () => persistent.stop());
  return persistent;
}

function startRetention(
  config: WorkerConfig,
  redis: Connections,
  store: ObjectStore,
  log: Logger,
  stack: StopStack,
): RetentionQueue {
  const streams = new StreamStore(redis.request);
  const retainMs = config.RETAIN_SECONDS * 1000;
  const retention = new RetentionQueue({ connection: redis.queue, store, streams, retainMs, log });
  retention.start();
  stack.push('retention', () => retention.stop());
  return retention;
}

function startSweeping(
  config: WorkerConfig,
  redis: Connections,
  parts: { spool: Spool; uploads: UploadQueue },
  log: Logger,
  stack: StopStack,
): void {
  const tellStream = createTellStream(redis.request);
  const drops = new SpoolDrops({
    spool: parts.spool,
    tell: (stream, update) => tellStream(stream, 'segments_dropped', update),
    log,
  });
  const limits = { maxBytes: config.SPOOL_MAX_BYTES, maxAgeMs: config.SPOOL_MAX_AGE_SECONDS * 1000 };
  const sweeper = new SpoolSweeper({ ...parts, limits, drops, log });
  sweeper.start();
  stack.push('sweep', () => sweeper.stop());
}

function startClaiming(
  config: WorkerConfig,
  redis: Connections,
  phaseDeps: Parameters<typeof createPhases>[0],
  log: Logger,
  stack: StopStack,
): void {
  const times = {
    connectMs: config.CONNECT_TIMEOUT_SECONDS * 1000,
    reconnectMs: config.RECONNECT_TIMEOUT_SECONDS * 1000,
  };
  const consumer = new StreamConsumer({
    connection: redis.queue,
    scripts: new LeaseScripts(redis.lease),
    slots: config.WORKER_STREAMS,
    startSession: (job, lease, acquiredAt) =>
      new Session({
        ...{ job, lease, acquiredAt, times, log },
        node: config.NODE_ID,
        phases: createPhases(phaseDeps, job, lease),
      }),
    log,
  });
  new WakeListener(redis.subscriber, streamId => consumer.wake(streamId))
    .start()
    .catch(error => log.warn({ err: error }, 'no wake-ups; stops are seen at the next renewal'));
  const queue = createQueue<StreamJob>(queueNames.streams, redis.queue, streamJobOptions);
  const reconciler = new Reconciler({ redis: redis.request, queue, log });
  reconciler.start();
  stack.push('reconciler', () => reconciler.stop());
  consumer.start();
  stack.push('streams', () => consumer.stop());
}

/** Whether the store fences. One that cannot be asked now counts as one that does not: that only costs playlist updates
 * while Redis is away. */
async function probe(store: ObjectStore, log: Logger): Promise<boolean> {
  try {
    const fences = await store.probeConditionalPut(AbortSignal.timeout(PROBE_MS));
    if (!fences) log.warn('the store has no conditional PUT: playlists stand still while Redis is away');
    return fences;
  } catch (error) {
    log.error({ err: error }, 'the store could not be probed; streams will fail until it answers');
    return false;
  }
}

/** The first address of this host that others can reach. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap(list => list ?? []);
  return addresses.find(address => !address.internal && address.family === 'IPv4')?.address ?? '127.0.0.1';
}
