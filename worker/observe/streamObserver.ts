import { alignedInterval } from '../../common/alignedInterval.ts';
import type { Logger } from '../../common/createLogger.ts';
import type { HealthProblem } from '../../common/stream/streamHealth.ts';
import type { RunRef, StreamSamples } from '../../common/stream/streamSamples.ts';
import type { StreamWrite } from '../claim/leaseScripts.ts';
import type { ConnectionMeter } from './connectionMeter.ts';
import { HealthJudge } from './healthJudge.ts';
import { HealthReports } from './healthReports.ts';
import type { PublishMeter } from './publishMeter.ts';

const SAMPLE_MS = 1_000;
/** The health in the record shows figures: they are written anew after so many samples with a problem. */
const REFRESH_SAMPLES = 15;

export interface ObservedStream extends RunRef {
  connection: ConnectionMeter;
  publish: PublishMeter;
  segmentSeconds: number;
  lease: { write(write: StreamWrite): Promise<boolean> };
}

interface Observation extends ObservedStream {
  judge: HealthJudge;
  reports: HealthReports;
  refreshIn: number;
}

/**
 * Takes a sample of each live stream of this worker once a second, judges the stream's health, and stores the samples of
 * all streams with one command. While Redis is away samples are lost, and media does not wait.
 */
export class StreamObserver {
  readonly #samples: Pick<StreamSamples, 'append'>;
  readonly #onProblem: (problem: HealthProblem) => void;
  readonly #log: Logger;
  readonly #streams = new Set<Observation>();
  #stopTimer: (() => void) | undefined;
  #appending: Promise<void> | undefined;

  /** @param options.onProblem called for each problem that comes */
  constructor(options: {
    samples: Pick<StreamSamples, 'append'>;
    onProblem?: (problem: HealthProblem) => void;
    log: Logger;
  }) {
    this.#samples = options.samples;
    this.#onProblem = options.onProblem ?? (() => undefined);
    this.#log = options.log;
  }

  start(): void {
    this.#stopTimer ??= alignedInterval(SAMPLE_MS, () => this.#look());
  }

  /** Resolves when the last command has ended. */
  async stop(): Promise<void> {
    this.#stopTimer?.();
    await this.#appending;
  }

  /** An encoder's connection begins. Returns what ends its observation. */
  observe(stream: ObservedStream): () => void {
    const observation: Observation = {
      ...stream,
      judge: new HealthJudge({ segmentSeconds: stream.segmentSeconds }),
      reports: new HealthReports(stream.lease),
      refreshIn: REFRESH_SAMPLES,
    };
    this.#streams.add(observation);
    return () => {
      if (this.#streams.delete(observation)) observation.reports.end();
    };
  }

  /** What is wrong with this worker's streams now. */
  get problems(): HealthProblem[] {
    return [...this.#streams].flatMap(({ judge }) => judge.health.problems);
  }

  /** A PUT of a segment of this run has failed. */
  putFailed({ streamId, run }: RunRef): void {
    for (const stream of this.#streams)
      if (stream.streamId === streamId && stream.run === run) stream.publish.putFailed();
  }

  #look(): void {
    const now = performance.now();
    const time = Date.now();
    const samples = [...this.#streams].map(stream => {
      const sample = { time, ...stream.connection.read(now), ...stream.publish.read(now) };
      this.#judge(stream, sample);
      return { streamId: stream.streamId, run: stream.run, sample };
    });
    // A second command while the first waits would only grow what waits.
    if (samples.length === 0 || this.#appending) return;
    this.#appending = this.#samples
      .append(samples)
      .catch(error => this.#log.debug({ err: error }, 'samples not stored; Redis does not answer'))
      .finally(() => {
        this.#appending = undefined;
      });
  }

  #judge(stream: Observation, sample: Parameters<HealthJudge['push']>[0]): void {
    const change = stream.judge.push(sample);
    stream.refreshIn -= 1;
    if (change) this.#note(stream, change);
    else if (stream.refreshIn <= 0 && stream.judge.health.problems.length > 0)
      stream.reports.add({ health: stream.judge.health });
    else stream.reports.tick(stream.judge.health);
    if (change || stream.refreshIn <= 0) stream.refreshIn = REFRESH_SAMPLES;
  }

  #note({ streamId, run, reports }: Observation, change: NonNullable<ReturnType<HealthJudge['push']>>): void {
    const { added, ended } = change;
    for (const problem of added) {
      this.#log.warn({ streamId, run, ...problem }, 'ingest degraded');
      this.#onProblem(problem);
    }
    for (const { code, fault } of ended) this.#log.info({ streamId, run, code, fault }, 'ingest problem is over');
    reports.add(change);
  }
}
