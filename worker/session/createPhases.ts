import type { Redis } from 'ioredis';
import type { Config } from '../../common/config/loadConfig.ts';
import type { Logger } from '../../common/createLogger.ts';
import type { RecordingJob, RetentionJob, StreamJob } from '../../common/redis/queues.ts';
import type { StreamLease } from '../claim/streamLease.ts';
import { openOnLeasedPort } from '../ingest/openOnLeasedPort.ts';
import type { PortLeases } from '../ingest/portLease.ts';
import type { SrtServer } from '../ingest/srtServer.ts';
import { srtUrl } from '../ingest/srtUrl.ts';
import { mintStreamKey, StreamKeyCheck } from '../ingest/streamKey.ts';
import { HlsOutput } from '../publish/hlsOutput.ts';
import type { Spool } from '../publish/spool/spool.ts';
import type { ObjectStore } from '../publish/store/objectStore.ts';
import type { Uploads } from '../publish/uploads/uploads.ts';
import type { Totals } from '../start/totals.ts';
import type { Encoding } from '../transcode/encoding.ts';
import type { FfmpegLauncher } from '../transcode/ffmpegLauncher.ts';
import type { Progress } from '../transcode/progress.ts';
import { transcode } from '../transcode/transcode.ts';
import type { SessionPhases } from './sessionContract.ts';

/** What all sessions of a worker share. */
export interface PhaseDeps {
  config: Config<'JWT_SECRET'>;
  srtServer: SrtServer;
  ports: PortLeases;
  /** The address that encoders are given. */
  srtHostName: string;
  store: ObjectStore;
  /** Whether the store fences. Asked by each session: it may become known only later. */
  fences: () => boolean;
  uploads: Pick<Uploads, 'upload'>;
  spool: Spool;
  retire: (job: RetentionJob) => Promise<void>;
  complete: (job: RecordingJob) => Promise<void>;
  launcher: FfmpegLauncher;
  /** Role `request`. */
  redis: Redis;
  /** Hears how each encode is doing; undefined: it has ended. @param run whose it is */
  onEncode: (run: string, progress: Progress | undefined) => void;
  totals: Totals;
  log: Logger;
}

/** R2 takes one write a second for each key; a folder takes as many as come. */
const R2_INTERVAL_MS = 1_000;
const FOLDER_INTERVAL_MS = 100;
/** The old owner's next playlist is refused within a segment; then libsrt holds the port for up to five seconds. */
const PORT_PATIENCE_MS = 12_000;

/** The phases of one session, made of this worker's parts. */
export function createPhases(deps: PhaseDeps, job: StreamJob, lease: StreamLease): SessionPhases {
  const { config } = deps;
  const log = deps.log.child({ streamId: job.streamId, run: job.run });
  const encoding = encodingOf(config, lease.recorded('abr') === '1');
  return {
    openOutput: (events, signal) =>
      HlsOutput.open(
        {
          ...deps,
          fences: deps.fences(),
          isCertain: () => lease.isCertain(),
          playlistIntervalMs: config.storage.kind === 's3' ? R2_INTERVAL_MS : FOLDER_INTERVAL_MS,
          ...(config.POSTERS ? { posterFfmpeg: config.FFMPEG } : {}),
          log,
        },
        {
          ...job,
          ...encoding,
          token: lease.token,
          window: config.HLS_WINDOW,
          ...(config.HLS_GRACE_SEGMENTS === undefined ? {} : { graceSegments: config.HLS_GRACE_SEGMENTS }),
          record: lease.recorded('record') === '1',
          dvr: lease.recorded('dvr') === '1',
          // No encoder can have come, and nothing been published, before its URL was told.
          takenOver: lease.recorded('srtUrl') !== undefined,
        },
        {
          ...events,
          onListed: closedToListedMs => {
            events.onListed?.(closedToListedMs);
            deps.totals.countListed(closedToListedMs);
            log.debug({ closedToListedMs }, 'segment listed');
          },
          onGapListed: file => {
            deps.totals.count('gapsListed');
            log.warn({ file }, 'segment listed as a gap');
          },
        },
        signal,
      ),
    openIngest: async (onEncoder, signal) => {
      const keys = keyCheck(config, job, lease);
      const preferred = lease.recorded('node') === config.NODE_ID ? Number(lease.recorded('port')) : undefined;
      const ingest = await openOnLeasedPort({
        host: deps.srtServer,
        ports: deps.ports,
        holder: `${job.streamId}.${job.run}.${lease.token}`,
        ...(preferred === undefined ? {} : { preferred, preferredMs: await patience(deps, lease) }),
        listen: {
          bind: config.SRT_BIND,
          latencyMs: config.SRT_LATENCY_MS,
          admit: streamIdText => keys.judge(streamIdText),
          onPublisher: onEncoder,
          log,
        },
        signal,
      });
      log.info({ port: ingest.port }, 'listener open');
      return { port: ingest.port, srtUrl: urlFor(deps, job, lease, ingest.port), close: how => ingest.close(how) };
    },
    givePortBack: () => givePortBack(deps, job, lease),
    transcode: (encoder, sink, signal, mayRestart) =>
      transcode({
        ...{ media: encoder.media, encoding, sink, signal, log },
        ffmpeg: config.FFMPEG,
        launcher: deps.launcher,
        limits: { maxPixels: config.MAX_PIXELS, maxFps: config.MAX_FPS },
        mayRestart,
        onProgress: progress => deps.onEncode(job.run, progress),
      }).finally(() => deps.onEncode(job.run, undefined)),
  };
}

/**
 * How long the stream's port is worth waiting for (ms). An owner that is alive closes it as soon as it finds itself fenced,
 * and its encoder comes back to the same URL; one that is frozen does not.
 */
async function patience({ spool }: PhaseDeps, lease: StreamLease): Promise<number> {
  const [mark = ''] = lease.recorded('formerOwner')?.split('/') ?? [];
  return mark !== '' && (await spool.liveness.isFrozen(mark)) ? 0 : PORT_PATIENCE_MS;
}

/** A lost owner's lease of its port. An owner of another node had it from that node's ports, where it runs out by itself. */
async function givePortBack({ config, ports }: PhaseDeps, job: StreamJob, lease: StreamLease): Promise<void> {
  const port = lease.recorded('port');
  if (port === undefined || lease.recorded('node') !== config.NODE_ID) return;
  const holder = `${job.streamId}.${job.run}.${lease.token}`;
  await ports.release(await ports.claim({ holder, preferred: Number(port) }), holder);
}

function encodingOf(config: PhaseDeps['config'], abr: boolean): Encoding {
  return {
    abr,
    renditions: abr ? config.LADDER : [config.SINGLE],
    segmentSeconds: config.HLS_SEGMENT_SECONDS,
    gopSeconds: config.GOP_SECONDS,
    preset: config.VIDEO_PRESET,
    audioRate: config.AUDIO_RATE,
  };
}

function keyCheck(config: PhaseDeps['config'], { streamId, run }: StreamJob, lease: StreamLease): StreamKeyCheck {
  const acceptExpired = lease.recorded('keyAccepted') === '1';
  return new StreamKeyCheck({ streamId, run, secret: config.JWT_SECRET, acceptExpired });
}

/** The URL that the encoder already has, when it still leads here; else a new one with a new key. */
function urlFor(deps: PhaseDeps, { streamId, run }: StreamJob, lease: StreamLease, port: number): string {
  const { JWT_SECRET: secret, STREAM_KEY_TTL_SECONDS: ttlSeconds } = deps.config;
  const url = srtUrl({ host: deps.srtHostName, port }, streamId, mintStreamKey({ streamId, run, secret, ttlSeconds }));
  const before = lease.recorded('srtUrl');
  const place = (text: string): string => text.slice(0, text.indexOf('?'));
  return before !== undefined && place(before) === place(url) ? before : url;
}
