import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { createRedis } from '../../common/redis/createRedis.ts';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import { StopStack } from '../../common/stopStack.ts';
import { StreamLogs } from '../../common/stream/streamLogs.ts';
import { StreamSamples } from '../../common/stream/streamSamples.ts';
import { PortLeases } from '../ingest/portLease.ts';
import { SrtServer } from '../ingest/srtServer.ts';
import { webhookLimits } from '../notify/webhookLimits.ts';
import type { LogKeeper } from '../observe/logKeeper.ts';
import { StreamObserver } from '../observe/streamObserver.ts';
import { Spool } from '../publish/spool/spool.ts';
import { checkFfmpeg } from '../transcode/checkFfmpeg.ts';
import { type FfmpegLauncher, ffmpegLauncher } from '../transcode/ffmpegLauncher.ts';
import { probeEncoder } from '../transcode/probeEncoder.ts';
import { ownAddress } from './ownAddress.ts';
import { startClaiming } from './startClaiming.ts';
import { startMetrics } from './startMetrics.ts';
import { startNotifying } from './startNotifying.ts';
import { startOrigin } from './startOrigin.ts';
import { startPublishing } from './startPublishing.ts';
import { Totals } from './totals.ts';
import type { WorkerContext } from './workerContext.ts';

type WorkerConfig = WorkerContext['config'];

export interface RunningWorker {
  /** Takes no more streams, and waits for those it has to end: for DRAIN_SECONDS, or until `hurry` aborts. */
  drain(hurry: AbortSignal): Promise<void>;
  /**
   * Hands every stream over, uploads what is left, gives everything back. May be called twice.
   * @param options.failing for a fault in this process, of which a stream may be the cause
   */
  stop(options?: { failing: boolean }): Promise<void>;
}

export interface WorkerOptions {
  /** Of webhooks; a test runs a day of them in seconds. */
  limits?: typeof webhookLimits;
  /** Has the lines of the log; it puts those of streams into Redis from now on. */
  keeper?: LogKeeper;
}

/**
 * A worker, taking streams. Throws `dependency_missing` or `config_invalid`, and leaves nothing then. Redis and the store
 * may be away. `stop()` hands every stream over and resolves when all is given back.
 */
export async function startWorker(
  settings: WorkerConfig,
  log: Logger,
  { limits, keeper }: WorkerOptions = {},
): Promise<RunningWorker> {
  const stack = new StopStack();
  try {
    const launcher = await ffmpegLauncher({
      ffmpeg: settings.FFMPEG,
      memoryBytes: settings.FFMPEG_MEMORY_LIMIT,
      uid: settings.FFMPEG_UID,
      log,
    });
    const { version } = await checkFfmpeg(settings.FFMPEG, launcher);
    const config = { ...settings, VIDEO_ENCODER: await chooseEncoder(settings, launcher, log) };
    const srtServer = await SrtServer.start({ log, ...(config.SRT_LIBRARY && { library: config.SRT_LIBRARY }) });
    stack.push('SRT', () => srtServer.stop());
    const spool = new Spool(config.SPOOL_DIR, config.NODE_ID);
    await spool.claim();
    await spool.liveness.hold();
    stack.push('spool', () => spool.liveness.release());
    const redis = connect(config, log, stack);
    keepLogs(keeper, redis.request, stack);
    const workerId = `${config.NODE_ID}-${randomUUID().slice(0, 8)}`;
    const entries = new EntryParser({ log });
    const totals = new Totals(entries);
    const telemetry = startMetrics({ config, workerId, redis: redis.request, entries, log, stack });
    const { metrics, tracing } = telemetry;
    const observer = new StreamObserver({
      samples: new StreamSamples(redis.request),
      onProblem: problem => metrics.problem(problem),
      log,
    });
    observer.start();
    stack.push('observer', () => observer.stop());
    const context: WorkerContext = { config, workerId, redis, totals, metrics, tracing, observer, entries, log, stack };
    const routers = new RouterRegistry(redis.request, entries);
    startNotifying(context, limits ?? webhookLimits);
    const { edges, origin } = await startOrigin(context);
    const publishing = await startPublishing(context, spool);
    const { consumer, heartbeat, status } = startClaiming(context, {
      ...{ ...publishing, edges, origin },
      config,
      srtServer,
      ports: new PortLeases(redis.request, config.NODE_ID, config.SRT_PORTS),
      srtHostName: config.SRT_HOST ?? ownAddress(),
      findRouter: async () => (await routers.list())[0],
      launcher,
      redis: redis.request,
      ...{ totals, metrics, tracing, observer, log },
    });
    telemetry.observe({ status, problems: () => observer.problems });
    const { SRT_PORTS: srt, VIDEO_ENCODER: encoder } = config;
    log.info({ workerId, ffmpeg: version, encoder, fences: publishing.fences(), srt }, 'worker ready');
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

function keepLogs(keeper: LogKeeper | undefined, redis: Redis, stack: StopStack): void {
  if (!keeper) return;
  keeper.start(new StreamLogs(redis));
  stack.push('log of streams', () => keeper.stop());
}

function chooseEncoder(config: WorkerConfig, launcher: FfmpegLauncher, log: Logger) {
  const { VIDEO_ENCODER: encoder, VIDEO_ENCODER_FALLBACK: fallback, FFMPEG: ffmpeg } = config;
  return probeEncoder({ encoder, fallback, ffmpeg, launcher, log });
}

function connect(config: WorkerConfig, log: Logger, stack: StopStack): WorkerContext['redis'] {
  const open = (role: keyof WorkerContext['redis']): Redis => {
    const redis = createRedis(config, role, log);
    stack.push(`Redis (${role})`, () => redis.disconnect());
    return redis;
  };
  return { queue: open('queue'), request: open('request'), lease: open('lease'), subscriber: open('subscriber') };
}
