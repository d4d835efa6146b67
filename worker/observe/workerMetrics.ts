import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import type { TakenHow } from '../claim/leaseScripts.ts';

/** Upper bounds of the buckets (s). */
const bounds = {
  /** An answer of the store or of a receiver. */
  answer: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  /** What viewers or apps wait for: segments last some seconds. */
  wait: [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 60, 300],
};

/** Everything that a worker measures where it happens. Durations are given in ms. The rest it reads when it is asked (observeWorker.ts). */
export class WorkerMetrics {
  readonly #listing: Histogram;
  readonly #upload: Histogram;
  readonly #playable: Histogram;
  readonly #wait: Histogram;
  readonly #takeOver: Histogram;
  readonly #takeOvers: Counter;
  readonly #webhook: Histogram;
  readonly #attempt: Histogram;
  readonly #webhooksFailed: Counter;
  readonly #refused: Counter;
  readonly #restarts: Counter;
  readonly #problems: Counter;

  constructor(meter: Meter) {
    const histogram = (name: string, description: string, explicitBucketBoundaries: number[]): Histogram =>
      meter.createHistogram(`livetran_${name}_seconds`, { description, advice: { explicitBucketBoundaries } });
    const counter = (name: string, description: string): Counter =>
      meter.createCounter(`livetran_${name}_total`, { description });
    this.#listing = histogram(
      'segment_listing_duration',
      'From closing a segment to a playlist with it in the store',
      bounds.wait,
    );
    this.#upload = histogram('upload_duration', 'One PUT of a segment, by outcome: stored or failed', bounds.answer);
    this.#playable = histogram(
      'first_playable_duration',
      'From the connection of an encoder to a playlist with its first segment',
      bounds.wait,
    );
    this.#wait = histogram(
      'job_wait_duration',
      'From the start of a stream to the lease of its first worker',
      bounds.wait,
    );
    this.#takeOver = histogram(
      'takeover_duration',
      'For how long a stream had no owner, by cause: handed_over or worker_lost',
      bounds.wait,
    );
    this.#webhook = histogram(
      'webhook_delivery_duration',
      'From an event to the answer that ended its delivery, by status',
      bounds.wait,
    );
    this.#attempt = histogram(
      'webhook_attempt_duration',
      'One POST of a webhook, by status of the delivery after it',
      bounds.answer,
    );
    this.#takeOvers = counter(
      'takeovers',
      'Streams that came from another worker, by cause: handed_over or worker_lost',
    );
    this.#webhooksFailed = counter('webhooks_failed', 'Webhooks that were given up');
    this.#refused = counter('encoders_refused', 'Encoders that were refused, by SRT reject code');
    this.#restarts = counter(
      'restarts',
      'Restarts of FFmpeg, and of streams whose worker was lost soon after it had taken them',
    );
    this.#problems = counter('stream_problems', 'Problems that came, by problem and by whose fault it is');
    // Rates show the first event only of a series that was there before it.
    this.#restarts.add(0);
    this.#webhooksFailed.add(0);
    for (const cause of ['handed_over', 'worker_lost'] satisfies TakenHow[]) this.#takeOvers.add(0, { cause });
  }

  listed(ms: number): void {
    this.#listing.record(ms / 1_000);
  }

  uploaded(ms: number, outcome: 'stored' | 'failed'): void {
    this.#upload.record(ms / 1_000, { outcome });
  }

  playable(ms: number): void {
    this.#playable.record(ms / 1_000);
  }

  taken(how: TakenHow, ms: number): void {
    if (how === 'created') this.#wait.record(ms / 1_000);
    else {
      this.#takeOver.record(ms / 1_000, { cause: how });
      this.#takeOvers.add(1, { cause: how });
    }
  }

  /** @param status of the delivery after this attempt @param ageMs of the event */
  webhook({ status, tookMs, ageMs }: { status: string; tookMs: number; ageMs: number }): void {
    this.#attempt.record(tookMs / 1_000, { status });
    if (status !== 'retrying') this.#webhook.record(ageMs / 1_000, { status });
    if (status === 'failed') this.#webhooksFailed.add(1);
  }

  refused(codes: Readonly<Record<string, number>>): void {
    for (const [code, count] of Object.entries(codes)) this.#refused.add(count, { code });
  }

  restarted(): void {
    this.#restarts.add(1);
  }

  problem({ code, fault }: { code: string; fault: string }): void {
    this.#problems.add(1, { problem: code, fault });
  }
}
