import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type { Redis } from 'ioredis';
import type { Config } from '../../common/config/loadConfig.ts';
import type { Logger } from '../../common/createLogger.ts';
import type { RecordingJob, RetentionJob, StreamJob } from '../../common/redis/queues.ts';
import { movedMark } from '../../common/srt/movedMark.ts';
import type { Tracing } from '../../common/tracing/createTracing.ts';
import type { StreamLease } from '../claim/streamLease.ts';
import type { PortLeases } from '../ingest/portLease.ts';
import { ringMs } from '../ingest/ringMs.ts';
import type { SrtServer } from '../ingest/srtServer.ts';
import { StreamIngest, type StreamIngestDeps } from '../ingest/streamIngest.ts';
import { ConnectionMeter } from '../observe/connectionMeter.ts';
import { PublishMeter } from '../observe/publishMeter.ts';
import { SegmentTraces } from '../observe/segmentTraces.ts';
import type { StreamObserver } from '../observe/streamObserver.ts';
import type { WorkerMetrics } from '../observe/workerMetrics.ts';
import { LiveEdge } from '../origin/liveEdge.ts';
import type { LiveEdges } from '../origin/liveEdges.ts';
import { HlsOutput } from '../publish/hlsOutput.ts';
import type { HlsOutputEvents } from '../publish/hlsOutputContract.ts';
import type { Spool } from '../publish/spool/spool.ts';
import type { ObjectStore } from '../publish/store/objectStore.ts';
import type { Uploads } from '../publish/uploads/uploads.ts';
import type { Totals } from '../start/totals.ts';
import type { Encoding } from '../transcode/encoding.ts';
import type { FfmpegLauncher } from '../transcode/ffmpegLauncher.ts';
import type { Progress } from '../transcode/progress.ts';
import { transcode } from '../transcode/transcode.ts';
import { defaultLimits } from '../transcode/transcodeLimits.ts';
import { encodingOf } from './encodingOf.ts';
import type { SessionPhases } from './sessionContract.ts';
import { sourceOf } from './sourceOf.ts';

/** What all sessions of a worker share. */
export interface PhaseDeps {
  config: Config<'JWT_SECRET'>;
  srtServer: SrtServer;
  ports: PortLeases;
  /** This worker's address: in SRT URLs where there are no routers, and for the routers. */
  srtHostName: string;
  findRouter: StreamIngestDeps['findRouter'];
  store: ObjectStore;
  /** Whether the store fences. Each session asks: it may become known after the start. */
  fences: () => boolean;
  uploads: Pick<Uploads, 'upload'>;
  spool: Spool;
  retire: (job: RetentionJob) => Promise<void>;
  complete: (job: RecordingJob) => Promise<void>;
  launcher: FfmpegLauncher;
  /** Of the streams with low latency. */
  edges: LiveEdges;
  /** Role `request`. */
  redis: Redis;
  /** Called with each encode's progress, and with undefined at its end. @param run the run that it belongs to */
  onEncode: (run: string, progress: Progress | undefined) => void;
  totals: Totals;
  metrics: WorkerMetrics;
  tracing: Tracing | undefined;
  observer: StreamObserver;
  log: Logger;
}

/** R2 takes one write a second for each key; a folder takes as many as come. */
const R2_INTERVAL_MS = 1_000;
const FOLDER_INTERVAL_MS = 100;
/** Of each rendition with low latency, in memory: 10 s of 12 Mbit/s. */
const EDGE_BYTES = 16_000_000;

/** Connects the phases of one session to this worker's parts. */
export function createPhases(deps: PhaseDeps, job: StreamJob, lease: StreamLease): SessionPhases {
  const { config } = deps;
  const log = deps.log.child({ streamId: job.streamId, run: job.run });
  const encoding = encodingOf(config, field => lease.recorded(field), availableParallelism());
  const ingest = new StreamIngest(
    { ...deps, isFrozen: mark => deps.spool.liveness.isFrozen(mark), log },
    { ...job, token: lease.token, recorded: field => lease.recorded(field) },
  );
  const publish = new PublishMeter();
  let isRouted = false;
  const traces = deps.tracing && new SegmentTraces(deps.tracing, job, lease.recorded('trace'));
  const { segmentSeconds } = encoding;
  return {
    openOutput: (events, signal) =>
      HlsOutput.open(
        {
          ...{ ...deps, live: openEdge(deps, job, lease, encoding) },
          ...(traces && { uploads: tracedUploads(deps.uploads, traces) }),
          fences: deps.fences(),
          isCertain: () => lease.isCertain(),
          playlistIntervalMs: config.storage.kind === 's3' ? R2_INTERVAL_MS : FOLDER_INTERVAL_MS,
          ...(config.POSTERS ? { posters: { ffmpeg: config.FFMPEG, launcher: deps.launcher } } : {}),
          log,
        },
        { ...job, ...encoding, ...outputOptions(config, lease) },
        outputEvents({ ...deps, traces }, events, publish, log),
        signal,
      ),
    openIngest: async ({ onEncoder, onRefused: report }, signal) => {
      const onRefused: typeof report = refusals => {
        deps.metrics.refused(refusals.codes);
        report(refusals);
      };
      const opened = await ingest.open({ onPublisher: onEncoder, onRefused }, signal);
      isRouted = opened.place.routed === '1';
      return { ...opened, place: { ...opened.place, ringMs: String(ringMs(segmentSeconds)) } };
    },
    onPlayable: tookMs => {
      deps.metrics.playable(tookMs);
      traces?.record('first segment', tookMs);
    },
    givePortBack: () => ingest.givePortBack(),
    transcode: (encoder, sink, { signal, leaving, mayRestart, onSourceChange, onSource }) => {
      traces?.encoderConnected();
      const connection = new ConnectionMeter(encoder, performance.now());
      const endObservation = deps.observer.observe({ ...job, connection, publish, segmentSeconds, lease });
      return transcode({
        ...{ media: encoder.media, encoding, sink, signal, log, mayRestart, observer: connection },
        isMoved: movedMark.isIn(encoder.streamId ?? ''),
        // Low latency has shown parts of it.
        ...(isRouted && encoding.latency !== 'low' ? { moving: leaving } : {}),
        ffmpeg: config.FFMPEG,
        launcher: deps.launcher,
        limits: {
          ...{ maxPixels: config.MAX_PIXELS, maxFps: config.MAX_FPS },
          source: { ...defaultLimits.source, maxGopSeconds: config.MAX_GOP_SECONDS, maxKbps: config.MAX_SOURCE_KBPS },
        },
        onPlan: (inputs, plan) => onSource(sourceOf(encoding, inputs, plan)),
        onSourceChange: change => {
          if (change.kind === 'fallback') deps.totals.count('fallbacks');
          onSourceChange(change);
        },
        onProgress: progress => {
          connection.onProgress(progress, performance.now());
          deps.onEncode(job.run, progress);
        },
      }).finally(() => {
        endObservation();
        deps.onEncode(job.run, undefined);
      });
    },
  };
}

/** The live edge of a stream with low latency; undefined: it has another latency. */
function openEdge(
  { config, edges, store }: PhaseDeps,
  { streamId, run }: StreamJob,
  { token }: StreamLease,
  { abr, renditions, latency }: Encoding,
): LiveEdge | undefined {
  if (latency !== 'low') return undefined;
  const edge = new LiveEdge({
    ...{ streamId, run, token, abr, renditions, partSeconds: config.LL_PART_SECONDS, mostBytes: EDGE_BYTES },
    publicUrl: key => store.publicUrl(key),
  });
  edges.open(streamId, edge);
  return edge;
}

/** Uploads whose jobs say which trace they belong to. */
const tracedUploads = (uploads: PhaseDeps['uploads'], traces: SegmentTraces): PhaseDeps['uploads'] => ({
  upload: (job, signal) => uploads.upload({ ...job, trace: traces.uploadOf(basename(job.file)) }, signal),
});

/** What the session hears of its output, and what is counted of it. */
function outputEvents(
  { totals, metrics, traces }: Pick<PhaseDeps, 'totals' | 'metrics'> & { traces: SegmentTraces | undefined },
  events: HlsOutputEvents,
  publish: PublishMeter,
  log: Logger,
): HlsOutputEvents {
  return {
    ...events,
    onListed: (closedToListedMs, file) => {
      events.onListed?.(closedToListedMs, file);
      traces?.listed(file);
      totals.countListed(closedToListedMs);
      metrics.listed(closedToListedMs);
      publish.listed(closedToListedMs);
      log.debug({ closedToListedMs }, 'segment listed');
    },
    onClosed: segment => {
      publish.closed(segment, performance.now());
      traces?.closed(segment);
    },
    onSettled: segment => {
      publish.settled(segment);
      traces?.settled(segment);
    },
    onGapListed: file => {
      totals.count('gapsListed');
      publish.gapListed();
      traces?.gapListed(file);
      log.warn({ file }, 'segment listed as a gap');
    },
  };
}

function outputOptions(config: Config<'JWT_SECRET'>, lease: StreamLease) {
  return {
    token: lease.token,
    window: config.HLS_WINDOW,
    ...(config.HLS_GRACE_SEGMENTS === undefined ? {} : { graceSegments: config.HLS_GRACE_SEGMENTS }),
    record: lease.recorded('record') === '1',
    dvr: lease.recorded('dvr') === '1',
    signed: lease.recorded('playback') === 'signed',
    // Without a recorded URL no encoder can have connected, and nothing was published.
    takenOver: lease.recorded('srtUrl') !== undefined,
    isLeft: lease.recorded('formerOwner')?.endsWith('/dead') ?? true,
    routed: lease.recorded('routed') === '1',
  };
}
