import { keys } from '../../common/redis/keys.ts';
import { createQueue, queueNames, type StreamJob, streamJobOptions } from '../../common/redis/queues.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import type { WorkerStatus } from '../../common/workers/workerStatus.ts';
import { CapacityGuard } from '../claim/capacityGuard.ts';
import { DeadWorkers } from '../claim/deadWorkers.ts';
import type { Heartbeat } from '../claim/heartbeat.ts';
import { LeaseScripts, type Taken } from '../claim/leaseScripts.ts';
import { Reconciler } from '../claim/reconciler.ts';
import { RestartBudget } from '../claim/restartBudget.ts';
import { StreamChannel } from '../claim/streamChannel.ts';
import { StreamConsumer } from '../claim/streamConsumer.ts';
import type { Spool } from '../publish/spool/spool.ts';
import { spooledEpochs } from '../publish/spool/spooledEpochs.ts';
import { createPhases, type PhaseDeps } from '../session/createPhases.ts';
import { Session } from '../session/session.ts';
import { streamTimes } from '../session/streamTimes.ts';
import { startReporting } from './startReporting.ts';
import { stopDeadlines } from './stopDeadlines.ts';
import type { WorkerContext } from './workerContext.ts';

type Deps = Omit<PhaseDeps, 'onEncode'> & { origin: string };

/** Takes streams from now on, and queues those that have no owner. */
export function startClaiming(
  context: WorkerContext,
  deps: Deps,
): { consumer: StreamConsumer; heartbeat: Heartbeat; status: () => WorkerStatus } {
  const { config, redis, log, stack } = context;
  const guard = new CapacityGuard({
    readSpool: () => readSpool(deps.spool, config.SPOOL_MAX_BYTES),
    onChange: reason => {
      void (reason === undefined ? consumer.release('capacity') : consumer.hold('capacity'));
      heartbeat.beat();
    },
    log,
  });
  const scripts = new LeaseScripts(redis.lease);
  const consumer = createConsumer(context, deps, scripts, guard);
  subscribe(context, keys.wakeChannel, streamId => consumer.wake(streamId));
  const queue = createQueue<StreamJob>(queueNames.streams, redis.queue, streamJobOptions);
  const streams = new StreamStore(redis.request);
  const { liveness } = deps.spool;
  const deadWorkers = new DeadWorkers({ liveness, streams, scripts, queue, redis: redis.request, log });
  deadWorkers.start();
  subscribe(context, keys.lostChannel, streamId => void deadWorkers.takeBack(streamId));
  stack.push('dead workers', () => deadWorkers.stop());
  const reconciler = new Reconciler({ redis: redis.request, queue, log });
  reconciler.start();
  stack.push('reconciler', () => reconciler.stop());
  const { heartbeat, status } = startReporting({
    ...context,
    address: deps.srtHostName,
    origin: deps.origin,
    consumer,
    guard,
    queue,
  });
  guard.start();
  stack.push('capacity guard', () => guard.stop());
  consumer.start();
  stack.push('streams', () => consumer.stop(), stopDeadlines.streamsMs);
  return { consumer, heartbeat, status };
}

/** What a lost message would have said is found at the next renewal, or when the lease runs out. */
function subscribe({ redis, entries, log }: WorkerContext, channel: string, onStream: (id: string) => void): void {
  new StreamChannel(redis.subscriber, channel, onStream, entries)
    .start()
    .catch(error => log.warn({ err: error, channel }, 'not subscribed to a channel of Redis'));
}

function createConsumer(
  context: WorkerContext,
  deps: Deps,
  scripts: LeaseScripts,
  guard: CapacityGuard,
): StreamConsumer {
  const { config, workerId, redis, metrics, entries, log } = context;
  const times = {
    connectMs: config.CONNECT_TIMEOUT_SECONDS * 1000,
    reconnectMs: config.RECONNECT_TIMEOUT_SECONDS * 1000,
  };
  const limits = { restarts: config.RESTART_LIMIT, windowMs: config.RESTART_WINDOW_SECONDS * 1000 };
  const phaseDeps: PhaseDeps = { ...deps, onEncode: (run, progress) => guard.note(run, progress) };
  return new StreamConsumer({
    connection: redis.queue,
    scripts,
    node: config.NODE_ID,
    process: deps.spool.liveness.own ?? '',
    slots: config.WORKER_STREAMS,
    costs: config.PROFILE_COSTS,
    startSession: (job, lease, acquiredAt, lostAfterMs) =>
      new Session({
        ...{ job, lease, acquiredAt, lostAfterMs, log },
        times: streamTimes(field => lease.recorded(field), times),
        budget: new RestartBudget({
          ...{ redis: redis.request, job, limits, log: log.child(job) },
          onSpent: () => metrics.restarted(),
        }),
        place: { node: config.NODE_ID, worker: workerId },
        phases: createPhases(phaseDeps, job, lease),
      }),
    // Once libsrt is cleaned up the ports are free: the next owner on this host binds them while the last uploads go on.
    onOffAir: () => deps.srtServer.stop(),
    onTaken: (job, lease) => noteTaken(context, job, lease),
    entries,
    log,
  });
}

async function readSpool(spool: Spool, maxBytes: number) {
  const epochs = await spooledEpochs(spool.dir);
  const usedBytes = epochs.reduce((sum, epoch) => sum + epoch.bytes, 0);
  return { usedBytes, freeBytes: await spool.freeBytes(), maxBytes };
}

/** For how long the stream had no owner: in the metrics, and as a span from then until now. */
function noteTaken(
  { metrics, tracing, workerId, config }: WorkerContext,
  { streamId, run }: StreamJob,
  { how, vacantMs, record }: Taken,
): void {
  metrics.taken(how, vacantMs);
  tracing
    ?.start('wait for a worker', {
      ...{ parent: record.trace, kind: 'consumer', at: Date.now() - vacantMs },
      attributes: { stream_id: streamId, run, how, worker: workerId, node: config.NODE_ID },
    })
    .end();
}
