import type { RecordingJob, RetentionJob } from '../../common/redis/queues.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { createTellStream } from '../notify/tellStream.ts';
import { measurePut } from '../observe/measurePut.ts';
import { RetentionQueue } from '../publish/retention/retentionQueue.ts';
import type { Spool } from '../publish/spool/spool.ts';
import { SpoolDrops } from '../publish/spool/spoolDrops.ts';
import { SpoolSweeper } from '../publish/spool/spoolSweeper.ts';
import { createStore } from '../publish/store/createStore.ts';
import { FenceProbe } from '../publish/store/fenceProbe.ts';
import type { ObjectStore } from '../publish/store/objectStore.ts';
import { Uploads } from '../publish/uploads/uploads.ts';
import type { PhaseDeps } from '../session/createPhases.ts';
import type { WorkerContext } from './workerContext.ts';

type Publishing = Pick<PhaseDeps, 'store' | 'fences' | 'uploads' | 'spool' | 'retire' | 'complete'>;

/** From the spool to the store: uploads, the sweep of what was left, and what becomes of segments in the end. */
export async function startPublishing(context: WorkerContext, spool: Spool): Promise<Publishing> {
  const { config, log, stack } = context;
  const store = createStore(config.storage, log);
  stack.push('store', () => store.close());
  const probe = new FenceProbe({ store, log });
  stack.push('probe', () => probe.stop());
  await probe.start();
  const uploads = startUploads(context, { store, probe, spool });
  const retention = startRetention(context, store);
  startSweeping(context, { spool, uploads });
  return {
    ...{ store, spool, uploads, fences: () => probe.fences },
    retire: (job: RetentionJob) => retention.schedule(job),
    complete: (job: RecordingJob) => retention.complete(job),
  };
}

function startUploads(
  { config, redis, totals, metrics, tracing, observer, entries, log, stack }: WorkerContext,
  { store, probe, spool }: { store: ObjectStore; probe: FenceProbe; spool: Spool },
): Uploads {
  const uploads = new Uploads({
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
    jobs: config.UPLOAD_JOBS,
    concurrency: config.UPLOAD_CONCURRENCY,
    measurePut: measurePut(metrics, tracing),
    onFailed: job => {
      totals.count('putsFailed');
      observer.putFailed(job);
    },
    entries,
    log,
  });
  uploads.start();
  stack.push('uploads', () => uploads.stop());
  return uploads;
}

function startRetention({ config, redis, entries, log, stack }: WorkerContext, store: ObjectStore): RetentionQueue {
  const streams = new StreamStore(redis.request);
  const retainMs = config.RETAIN_SECONDS * 1000;
  const retention = new RetentionQueue({
    connection: redis.queue,
    redis: redis.request,
    store,
    streams,
    retainMs,
    entries,
    log,
  });
  retention.start();
  stack.push('retention', () => retention.stop());
  return retention;
}

function startSweeping(
  { config, redis, totals, log, stack }: WorkerContext,
  parts: { spool: Spool; uploads: Uploads },
): void {
  const tellStream = createTellStream(redis.request);
  const drops = new SpoolDrops({
    spool: parts.spool,
    tell: (stream, update) => tellStream(stream, 'segments_dropped', update),
    onDropped: () => totals.count('segmentsDropped'),
    log,
  });
  const limits = { maxBytes: config.SPOOL_MAX_BYTES, maxAgeMs: config.SPOOL_MAX_AGE_SECONDS * 1000 };
  const sweeper = new SpoolSweeper({ ...parts, limits, drops, log });
  sweeper.start();
  stack.push('sweep', () => sweeper.stop());
}
