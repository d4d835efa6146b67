import type { HealthProblem, StreamHealth } from '../../common/stream/streamHealth.ts';
import type { StreamWrite } from '../claim/leaseScripts.ts';
import type { HealthChange } from './healthJudge.ts';

/** Events of one stream in this distance (ms), but the first one at once: a stream that flaps does not fill the webhooks' lanes. */
const EVENT_MS = 10_000;

/** The part of StreamLease that this needs. */
interface Lease {
  write(write: StreamWrite): Promise<boolean>;
}

/**
 * Writes a stream's health into its record, and the events `ingest_degraded` and `ingest_recovered`. One write waits at a
 * time: while Redis is away, what changes meanwhile goes into the next one.
 */
export class HealthReports {
  readonly #lease: Lease;
  readonly #now: () => number;
  #next: StreamHealth | undefined;
  #isWriting = false;
  #eventAt = Number.NEGATIVE_INFINITY;
  /** Problems that an event has reported and that are not over. */
  #reported: readonly HealthProblem[] = [];
  /** When the reported degradation began, ms since 1970. */
  #degradedSince = 0;
  #isOver = false;

  /** @param now ms, monotonic */
  constructor(lease: Lease, now = () => performance.now()) {
    this.#lease = lease;
    this.#now = now;
  }

  add({ health }: Pick<HealthChange, 'health'>): void {
    this.#next = health;
    if (!this.#isWriting) void this.#write();
  }

  /** Called once a second: an event that had to wait is written. */
  tick(health: StreamHealth): void {
    if (!this.#isWriting && this.#isDue(health)) this.add({ health });
  }

  /** The encoder is gone: how the stream was is not how it is. Writes no more; the session's next write of the state removes the health. */
  end(): void {
    this.#isOver = true;
    this.#next = undefined;
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#next && !this.#isOver) {
      const health = this.#next;
      this.#next = undefined;
      await this.#lease.write({ fields: { health: JSON.stringify(health) }, ...this.#event(health) });
    }
    this.#isWriting = false;
  }

  #isDue({ problems }: StreamHealth): boolean {
    const isNews = problems.some(({ code }) => !this.#reported.some(known => known.code === code));
    const isOver = problems.length === 0 && this.#reported.length > 0;
    return (isNews || isOver) && this.#now() - this.#eventAt >= EVENT_MS;
  }

  #event(health: StreamHealth): Pick<StreamWrite, 'event' | 'eventReason'> {
    if (!this.#isDue(health)) return {};
    this.#eventAt = this.#now();
    const before = this.#reported;
    this.#reported = health.problems;
    if (health.problems.length === 0) {
      const lasted = Math.max(0, Math.round((health.since - this.#degradedSince) / 1_000));
      const what = before.map(({ code, fault }) => `${code} (${fault})`).join(', ');
      return { eventReason: 'ingest_recovered', event: `The stream is well again after ${lasted} s: ${what}` };
    }
    if (before.length === 0) this.#degradedSince = health.since;
    const news = health.problems.filter(({ code }) => !before.some(known => known.code === code));
    return { eventReason: 'ingest_degraded', event: news.map(sentence).join(' ') };
  }
}

const sentence = ({ code, fault, since, message, advice }: HealthProblem): string =>
  `${message} (${code}, since ${new Date(since).toISOString()}). Fault: ${fault}. ${advice}.`;
