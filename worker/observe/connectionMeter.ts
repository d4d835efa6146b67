import type { StreamSample } from '../../common/stream/streamSample.ts';
import type { SrtStats } from '../ingest/srtStats.ts';
import type { Progress } from '../transcode/progress.ts';
import type { SourceFigures, TranscodeObserver } from '../transcode/sourceFigures.ts';

/** FFmpeg's log with `-loglevel repeat+level+warning`: its errors, and the pictures that it knows to be damaged. */
const errorLine = /\[(error|fatal|panic)\]|corrupt decoded frame/;

type ConnectionFigures = Omit<
  StreamSample,
  'time' | 'lagMs' | 'backlog' | 'backlogMs' | 'retries' | 'gaps' | 'renditionKbps'
>;

const noSource: SourceFigures = { keySeconds: 0, audioSilentSeconds: undefined, jumps: 0, continuityErrors: 0 };
const noStats: SrtStats = {
  ...{ msRTT: 0, pktRecvTotal: 0, pktRcvLossTotal: 0, pktRcvDropTotal: 0, pktRcvRetransTotal: 0 },
  ...{ pktRcvUndecryptTotal: 0, pktRcvBelatedTotal: 0, byteRecvTotal: 0, mbpsRecvRate: 0, mbpsBandwidth: 0 },
  ...{ pktRcvBuf: 0, msRcvBuf: 0, msRcvTsbPdDelay: 0 },
};
const noProgress: Progress = { frames: 0, seconds: 0, speed: 0, behindSeconds: 0, duplicated: 0, dropped: 0 };

/** One encoder's connection and what is made of it: the differences from one reading to the next. */
export class ConnectionMeter implements TranscodeObserver {
  readonly #encoder: { stats?(): SrtStats };
  #source: (now: number) => SourceFigures = () => noSource;
  #progress = noProgress;
  /** When FFmpeg last reported, or when nothing had come that it could report; ms, monotonic. */
  #progressAt: number | undefined;
  #errors = 0;
  #before: { at: number; stats: SrtStats; source: SourceFigures; progress: Progress };

  /** @param encoder its `stats`: libsrt's counts of the connection @param now ms, monotonic */
  constructor(encoder: { stats?(): SrtStats }, now: number) {
    this.#encoder = encoder;
    this.#before = { at: now, stats: noStats, source: noSource, progress: noProgress };
  }

  onSource(read: (now: number) => SourceFigures): void {
    this.#source = read;
  }

  onFfmpegLine(line: string): void {
    if (errorLine.test(line)) this.#errors += 1;
  }

  /** @param now ms, monotonic */
  onProgress(progress: Progress, now: number): void {
    this.#progress = progress;
    this.#progressAt = now;
  }

  /** The figures since the call before. @param now ms, monotonic */
  read(now: number): ConnectionFigures {
    const present = {
      at: now,
      stats: this.#encoder.stats?.() ?? noStats,
      source: this.#source(now),
      progress: this.#progress,
    };
    const before = this.#before;
    this.#before = present;
    const errors = this.#errors;
    this.#errors = 0;
    const { stats, source, progress } = present;
    const seconds = Math.max(0.1, (now - before.at) / 1_000);
    const srt = srtFigures(stats, before.stats, seconds);
    if (srt.packets === 0 && this.#progressAt !== undefined) this.#progressAt = now;
    const encode = encodeFigures(progress, before.progress, seconds);
    return {
      ...srt,
      ...encode,
      behindSeconds: encode.behindSeconds + this.#unreportedSeconds(now),
      keySeconds: source.keySeconds,
      audioSilentSeconds: source.audioSilentSeconds ?? 0,
      jumps: source.jumps - before.source.jumps,
      continuityErrors: source.continuityErrors - before.source.continuityErrors,
      decodeErrors: errors,
    };
  }

  /** An FFmpeg that hangs reports nothing, and media goes on coming. Reports are a second apart. */
  #unreportedSeconds(now: number): number {
    const elapsed = now - (this.#progressAt ?? now);
    return elapsed > 1_500 ? (elapsed - 1_000) / 1_000 : 0;
  }
}

function srtFigures(stats: SrtStats, before: SrtStats, seconds: number) {
  const since = (key: keyof SrtStats): number => Math.max(0, stats[key] - before[key]);
  return {
    kbps: (since('byteRecvTotal') * 8) / 1_000 / seconds,
    rttMs: stats.msRTT,
    latencyMs: stats.msRcvTsbPdDelay,
    packets: since('pktRecvTotal'),
    lost: since('pktRcvLossTotal'),
    dropped: since('pktRcvDropTotal'),
    retransmitted: since('pktRcvRetransTotal'),
    belated: since('pktRcvBelatedTotal'),
    undecryptable: since('pktRcvUndecryptTotal'),
    bufferMs: stats.msRcvBuf,
    linkMbps: stats.mbpsBandwidth,
  };
}

/** Each FFmpeg counts from 0. */
function encodeFigures(progress: Progress, before: Progress, seconds: number) {
  const isNew = progress.frames < before.frames;
  const since = (key: 'frames' | 'duplicated' | 'dropped'): number => progress[key] - (isNew ? 0 : before[key]);
  return {
    fps: since('frames') / seconds,
    speed: progress.speed,
    behindSeconds: progress.behindSeconds,
    duplicated: Math.max(0, since('duplicated')),
    droppedFrames: Math.max(0, since('dropped')),
  };
}
