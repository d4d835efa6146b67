import { randomUUID } from 'node:crypto';
import type { Logger } from '../../../common/createLogger.ts';
import { createRedis } from '../../../common/redis/createRedis.ts';
import { EntryParser } from '../../../common/redis/entryParser.ts';
import { keys } from '../../../common/redis/keys.ts';
import {
  createQueue,
  queueNames,
  type StreamJob,
  streamJobOptions,
  type WebhookJob,
  webhookJobOptions,
} from '../../../common/redis/queues.ts';
import { StopStack } from '../../../common/stopStack.ts';
import { StreamStore } from '../../../common/stream/streamStore.ts';
import { CapacityGuard } from '../../../worker/claim/capacityGuard.ts';
import { LeaseScripts } from '../../../worker/claim/leaseScripts.ts';
import { Reconciler } from '../../../worker/claim/reconciler.ts';
import { RestartBudget } from '../../../worker/claim/restartBudget.ts';
import { StreamChannel } from '../../../worker/claim/streamChannel.ts';
import { StreamConsumer } from '../../../worker/claim/streamConsumer.ts';
import { PortLeases } from '../../../worker/ingest/portLease.ts';
import { OutboxRelay } from '../../../worker/notify/outboxRelay.ts';
import { WebhookSender } from '../../../worker/notify/webhookSender.ts';
import { RetentionQueue } from '../../../worker/publish/retention/retentionQueue.ts';
import { Spool } from '../../../worker/publish/spool/spool.ts';
import { Uploads } from '../../../worker/publish/uploads/uploads.ts';
import { Session } from '../../../worker/session/session.ts';
import { startReporting } from '../../../worker/start/startReporting.ts';
import { Totals } from '../../../worker/start/totals.ts';
import { discardStore } from './discardStore.ts';
import { tickingPhases } from './tickingPhases.ts';

/** UPLOAD_JOBS, or `none`: segments are noted in the ledger, and nothing is uploaded. */
export type UploadsMode = 'all' | 'retries' | 'none';

export interface SimulatedWorkerOptions {
  redisUrl: string;
  node: string;
  slots: number;
  segmentSeconds: number;
  renditions: number;
  hmacSecret: string;
  uploads: UploadsMode;
  onStored(ms: number): void;
  log: Logger;
}

const PUT_MS = 80;
const limits = { restarts: 10, windowMs: 600_000 };
const emptyDisk = { usedBytes: 0, freeBytes: 1e12, maxBytes: 1e12 };
const times = { connectMs: 120_000, reconnectMs: 120_000 };

/** A segment of no bytes, whatever it is called. */
class EmptySpool extends Spool {
  override path(): string {
    return '/dev/null';
  }
}

/** A worker as startWorker() makes it, with the real control plane over the real Redis, and stand-ins for the media. */
export function startSimulatedWorker(options: SimulatedWorkerOptions): { stop(): Promise<void> } {
  const { redisUrl, node, log } = options;
  const stack = new StopStack();
  const open = (role: Parameters<typeof createRedis>[1]) => {
    const redis = createRedis(redisUrl, role, log);
    stack.push(`Redis (${role})`, () => redis.disconnect());
    return redis;
  };
  const redis = {
    queue: open('queue'),
    request: open('request'),
    lease: open('lease'),
    subscriber: open('subscriber'),
  };
  const workerId = `${node}-${randomUUID().slice(0, 8)}`;

  const webhooks = createQueue<WebhookJob>(queueNames.webhooks, redis.queue, webhookJobOptions);
  const relay = new OutboxRelay({ redis: createRedis(redisUrl, 'queue', log), queue: webhooks, log });
  relay.start();
  stack.push('relay', () => relay.stop());
  const sender = new WebhookSender({
    ...{ redis: redis.queue, queue: webhooks, secrets: [options.hmacSecret], allowPrivate: true, log },
  });
  sender.start();
  stack.push('webhooks', () => sender.stop());

  const store = discardStore(PUT_MS);
  const uploads = new Uploads({
    ...{ node, store, log, fences: true, spool: new EmptySpool('/nonexistent', node) },
    ...{ connection: redis.queue, subscriber: redis.subscriber, attempts: 3, backoffMs: 1_000, concurrency: 16 },
    jobs: options.uploads === 'retries' ? 'retries' : 'all',
  });
  uploads.start();
  stack.push('uploads', () => uploads.stop());
  const streams = new StreamStore(redis.request);
  const retention = new RetentionQueue({
    ...{ connection: redis.queue, redis: redis.request, store, streams },
    ...{ retainMs: 86_400_000, log },
  });
  retention.start();
  stack.push('retention', () => retention.stop());

  const ticking = {
    ...{ redis: redis.request, log, segmentSeconds: options.segmentSeconds, renditions: options.renditions },
    ports: new PortLeases(redis.request, node, { first: 20_000, last: 20_999 }),
    uploads: options.uploads !== 'none' ? uploads : { upload: async () => ({ kind: 'stored' }) as const },
    retire: retention.schedule.bind(retention),
    onStored: options.onStored,
  };
  const consumer = new StreamConsumer({
    connection: redis.queue,
    scripts: new LeaseScripts(redis.lease),
    ...{ slots: options.slots, node, process: workerId, onOffAir: async () => undefined, log },
    startSession: (job, lease, acquiredAt) =>
      new Session({
        ...{ job, lease, acquiredAt, times, place: { node, worker: workerId }, log },
        budget: new RestartBudget({ redis: redis.request, job, limits, log }),
        phases: tickingPhases(ticking, job, lease),
      }),
  });
  void new StreamChannel(redis.subscriber, keys.wakeChannel, streamId => consumer.wake(streamId)).start();
  const queue = createQueue<StreamJob>(queueNames.streams, redis.queue, streamJobOptions);
  const reconciler = new Reconciler({ redis: redis.request, queue, log });
  reconciler.start();
  stack.push('reconciler', () => reconciler.stop());
  consumer.start();
  stack.push('streams', () => consumer.stop(), 60_000);
  // Fifty workers on a few cores are always busy: here the guard only reports.
  const guard = new CapacityGuard({ readSpool: async () => emptyDisk, onChange: () => undefined, log });
  const config = {
    NODE_ID: node,
    SERVICE_VERSION: undefined,
    WORKER_STREAMS: options.slots,
    START_TIMEOUT_SECONDS: 300,
  };
  startReporting({
    ...{ config, workerId, consumer, guard, queue, redis, totals: new Totals(new EntryParser({ log })), log, stack },
    address: '127.0.0.1',
  });
  return { stop: () => stack.stop() };
}
