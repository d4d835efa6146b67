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
import { CapacityGuard } from './claim/capacityGuard.ts';
import { DeadWorkers } from './claim/deadWorkers.ts';
import type { Heartbeat } from './claim/heartbeat.ts';
import { LeaseScripts } from './claim/leaseScripts.ts';
import { Reconciler } from './claim/reconciler.ts';
import { RestartBudget } from './claim/restartBudget.ts';
import { StreamConsumer } from './claim/streamConsumer.ts';
import { WakeListener } from './claim/wakeListener.ts';
import { createPhases, type PhaseDeps } from './createPhases.ts';
import { PortLeases } from './ingest/portLease.ts';
import { SrtHost } from './ingest/srtHost.ts';
import { OutboxRelay } from './notify/outboxRelay.ts';
import { createTellStream } from './notify/tellStream.ts';
import { WebhookSender } from './notify/webhookSender.ts';
import { RetentionQueue } from './publish/retention/retentionQueue.ts';
import { PersistentUploads } from './publish/spool/persistentUploads.ts';
import { Spool } from './publish/spool/spool.ts';
import { SpoolDrops } from './publish/spool/spoolDrops.ts';
import { spooledEpochs } from './publish/spool/spooledEpochs.ts';
import { SpoolSweeper } from './publish/spool/spoolSweeper.ts';
import { UploadQueue } from './publish/spool/uploadQueue.ts';
import { createStore } from './publish/store/createStore.ts';
import { FenceProbe } from './publish/store/fenceProbe.ts';
import type { ObjectStore } from './publish/store/objectStore.ts';
import { Session } from './session.ts';
import { startReporting } from './startReporting.ts';
import { checkFfmpeg } from './transcode/checkFfmpeg.ts';
import { endWithWorker } from './transcode/endWithWorker.ts';

type WorkerConfig = Config<'JWT_SECRET' | 'HMAC_SECRET'>;

const WEBHOOKS_AT_A_TIME = 50;

interface Connections {
  queue: Redis;
  request: Redis;
  lease: Redis;
  subscriber: Redis;
}

export interface RunningWorker {
  /** Takes no more streams, and waits for those it has to end: for DRAIN_SECONDS, or until `hurry` aborts. */
  drain(hurry: AbortSignal): Promise<void>;
  /**
   * Hands every stream over, uploads what is left, gives everything back. May be called twice.
   * @param options.failing for a fault in this process, of which a stream may be the cause
   */
  stop(options?: { failing: boolean }): Promise<void>;
}

/**
 * A worker, taking streams. Throws `dependency_missing` or `config_invalid`, and leaves nothing then. Redis and the store
 * may be away. `stop()` hands every stream over and resolves when all is given back.
 */
export async function startWorker(config: WorkerConfig, log: Logger): Promise<RunningWorker> {
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
    const probe = new FenceProbe({ store, log });
    stack.push('probe', () => probe.stop());
    await probe.start();
    const uploads = startUploads(config, redis, { store, probe, spool }, log, stack);
    const retention = startRetention(config, redis, store, log, stack);
    startSweeping(config, redis, { spool, uploads }, log, stack);
    const ports = new PortLeases(redis.request, config.NODE_ID, config.SRT_PORTS);
    const shared = {
      config,
      srtHost,
      ports,
      srtHostName: config.SRT_HOST ?? ownAddress(),
      store,
      uploads: persistUploads(uploads, stack),
      spool,
      launcher: await endWithWorker(log),
      retire: (job: RetentionJob) => retention.schedule(job),
      complete: (job: RecordingJob) => retention.complete(job),
    };
    const phaseDeps = { ...shared, fences: () => probe.fences, redis: redis.request, log };
    const { consumer, heartbeat } = startClaiming(config, redis, workerId, phaseDeps, log, stack);
    log.info(
      { workerId, node: config.NODE_ID, ffmpeg: version, fences: probe.fences, srt: config.SRT_PORTS },
      'worker ready',
    );
    return {
      drain: hurry => {
        const drained = consumer.drain(config.DRAIN_SECONDS * 1000, hurry);
        heartbeat.beat();
        return drained;
      },
      stop: options => {
        if (options?.failing) consumer.noteFault();
        return stack.stop();
      },
    };
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
  { store, probe, spool }: { store: ObjectStore; probe: FenceProbe; spool: Spool },
  log: Logger,
  stack: StopStack,
): UploadQueue {
  const uploads = new UploadQueue({
    store,
    spool,
    get fences() {
      return probe.fences;
    },
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
  workerId: string,
  deps: Omit<PhaseDeps, 'onEncode'>,
  log: Logger,
  stack: StopStack,
): { consumer: StreamConsumer; heartbeat: Heartbeat } {
  const times = {
    connectMs: config.CONNECT_TIMEOUT_SECONDS * 1000,
    reconnectMs: config.RECONNECT_TIMEOUT_SECONDS * 1000,
  };
  const limits = { restarts: config.RESTART_LIMIT, windowMs: config.RESTART_WINDOW_SECONDS * 1000 };
  const guard = new CapacityGuard({
    readSpool: () => readSpool(deps.spool, config.SPOOL_MAX_BYTES),
    onChange: reason => {
      void (reason === undefined ? consumer.resume() : consumer.pause());
      heartbeat.beat();
    },
    log,
  });
  const phaseDeps: PhaseDeps = { ...deps, onEncode: (run, progress) => guard.note(run, progress) };
  const scripts = new LeaseScripts(redis.lease);
  const { owners } = deps.spool;
  const consumer = new StreamConsumer({
    connection: redis.queue,
    scripts,
    node: config.NODE_ID,
    process: owners.own ?? '',
    slots: config.WORKER_STREAMS,
    startSession: (job, lease, acquiredAt, lostAfterMs) =>
      new Session({
        ...{ job, lease, acquiredAt, lostAfterMs, times, log },
        budget: new RestartBudget({ redis: redis.request, job, limits, log: log.child(job) }),
        node: config.NODE_ID,
        phases: createPhases(phaseDeps, job, lease),
      }),
    // Once libsrt is cleaned up the ports are free: the next owner on this host binds them while the last uploads go on.
    onOffAir: () => phaseDeps.srtHost.stop(),
    log,
  });
  new WakeListener(redis.subscriber, streamId => consumer.wake(streamId))
    .start()
    .catch(error => log.warn({ err: error }, 'no wake-ups; stops are seen at the next renewal'));
  const queue = createQueue<StreamJob>(queueNames.streams, redis.queue, streamJobOptions);
  const streams = new StreamStore(redis.request);
  const deadWorkers = new DeadWorkers({ owners, streams, scripts, queue, redis: redis.request, log });
  deadWorkers.start();
  stack.push('dead workers', () => deadWorkers.stop());
  const reconciler = new Reconciler({ redis: redis.request, queue, log });
  reconciler.start();
  stack.push('reconciler', () => reconciler.stop());
  const address = deps.srtHostName;
  const heartbeat = startReporting({ config, workerId, address, consumer, guard, queue, redis, log, stack });
  guard.start();
  stack.push('capacity guard', () => guard.stop());
  consumer.start();
  stack.push('streams', () => consumer.stop());
  return { consumer, heartbeat };
}

async function readSpool(spool: Spool, maxBytes: number) {
  const epochs = await spooledEpochs(spool.dir);
  const usedBytes = epochs.reduce((sum, epoch) => sum + epoch.bytes, 0);
  return { usedBytes, freeBytes: await spool.freeBytes(), maxBytes };
}

/** The first address of this host that others can reach. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap(list => list ?? []);
  return addresses.find(address => !address.internal && address.family === 'IPv4')?.address ?? '127.0.0.1';
}
