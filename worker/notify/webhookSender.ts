import { DelayedError, type Job, type Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { parseJob } from '../../common/redis/parseJob.ts';
import { jobSchemas, queueNames, type WebhookJob } from '../../common/redis/queues.ts';
import type { Tracing } from '../../common/tracing/createTracing.ts';
import { ForbiddenTarget } from '../../common/webhooks/forbiddenTarget.ts';
import { NameLookups } from '../../common/webhooks/nameLookups.ts';
import { postWebhook } from '../../common/webhooks/postWebhook.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import { AttemptPlaces } from './attemptPlaces.ts';
import { createEndSubscription } from './endSubscription.ts';
import { nextRetry } from './nextRetry.ts';
import { queueDue } from './queueDue.ts';
import { type Attempt, settle } from './settleAttempt.ts';
import { type Entry, WebhookLanes } from './webhookLanes.ts';
import { type WebhookLimits, webhookLimits } from './webhookLimits.ts';

const CLOSE_MS = 2_000;
/** A job that is not the first of its lane: somebody added it by hand. */
const BEHIND_MS = 60_000;

/** The status of the delivery after an attempt, how long that took, and how old the event was at its end (ms). */
export interface SentAttempt {
  status: string;
  tookMs: number;
  ageMs: number;
}

/** The attempt failed; the next one comes in so many ms. */
class RetryLater extends Error {
  override readonly name = 'RetryLater';
  readonly ms: number;

  constructor(message: string, ms: number) {
    super(message);
    this.ms = ms;
  }
}

/**
 * Delivers webhooks, at least once, in order for each stream and URL, for 24 h. Lanes and the shares of receivers' hosts are in Redis
 * (webhookLanes.ts), so what one worker has begun another one goes on with.
 */
export class WebhookSender {
  readonly #worker: Worker<WebhookJob>;
  readonly #queue: Queue<WebhookJob>;
  readonly #lanes: WebhookLanes;
  readonly #limits: WebhookLimits;
  readonly #places: AttemptPlaces;
  readonly #lookups = new NameLookups();
  readonly #entries: EntryParser;
  readonly #secrets: readonly [string, ...string[]];
  readonly #allowPrivate: boolean;
  readonly #onAttempt: (attempt: SentAttempt) => void;
  readonly #tracing: Tracing | undefined;
  readonly #endSubscription: ReturnType<typeof createEndSubscription>;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  #running: Promise<void> | undefined;

  constructor(deps: {
    /** BullMQ's connection, role `queue`. */
    redis: Redis;
    queue: Queue<WebhookJob>;
    /** WEBHOOK_SECRET, and those that it replaces. */
    secrets: readonly [string, ...string[]];
    allowPrivate: boolean;
    limits?: WebhookLimits;
    tracing?: Tracing | undefined;
    /** Called after each attempt. */
    onAttempt?: (attempt: SentAttempt) => void;
    entries?: EntryParser;
    log: Logger;
  }) {
    const { log, redis } = deps;
    this.#queue = deps.queue;
    this.#limits = deps.limits ?? webhookLimits;
    this.#lanes = new WebhookLanes(redis, this.#limits);
    this.#places = new AttemptPlaces(this.#limits);
    this.#entries = deps.entries ?? new EntryParser({ log });
    this.#secrets = deps.secrets;
    this.#allowPrivate = deps.allowPrivate;
    this.#tracing = deps.tracing;
    this.#onAttempt = deps.onAttempt ?? (() => undefined);
    this.#endSubscription = createEndSubscription(redis, this.#entries, log);
    this.#log = log;
    this.#worker = new Worker<WebhookJob>(queueNames.webhooks, (job, token) => this.#track(this.#take(job, token)), {
      connection: redis,
      concurrency: this.#limits.all,
      autorun: false,
      lockDuration: this.#limits.lockMs,
      stalledInterval: this.#limits.stalledMs,
      // A worker that dies stalls its jobs; another one goes on with them, however often.
      maxStalledCount: 1_000_000,
      settings: { backoffStrategy: (attempts, _type, error) => this.#pauseAfter(attempts ?? 1, error) },
    });
    this.#worker.on('error', error => log.debug({ err: error }, 'connection of queue webhooks failed; it reconnects'));
    this.#worker.on('failed', (job, error) => this.#report(job, error));
  }

  start(): void {
    this.#running ??= this.#worker
      .run()
      .catch(error => this.#log.error({ err: error }, 'queue webhooks failed; this worker sends no more webhooks'));
  }

  /** What is under way is called off and given back, for another worker to send at once. */
  async stop(): Promise<void> {
    // Closed first: a worker that only pauses can take what is given back once more. Its loop may still bring a job that it had
    // fetched. Nothing of this resolves while Redis is away; what was under way is then sent again when its lock has expired.
    const closing = this.#worker.close(true);
    this.#stopping.abort();
    const given = Promise.allSettled([closing, this.#running]).then(() => Promise.allSettled([...this.#underWay]));
    await withDeadline(given, CLOSE_MS, () => undefined);
  }

  #track<Result>(work: Promise<Result>): Promise<Result> {
    this.#underWay.add(work);
    return work.finally(() => this.#underWay.delete(work));
  }

  async #take(job: Job<WebhookJob>, token: string | undefined): Promise<string> {
    const parsed = parseJob('webhooks', jobSchemas.webhook, job, this.#entries);
    const webhook = { ...parsed, since: parsed.since || job.timestamp };
    if (this.#stopping.signal.aborted) await putAside(job, token, 0);
    const entry = await this.#lanes.enter(webhook, job.attemptsMade === 0);
    if (entry.kind === 'gone') {
      await this.#queueHead(entry);
      return 'delivered before';
    }
    if (entry.kind === 'behind') {
      await this.#queueHead(entry);
      await putAside(job, token, BEHIND_MS);
    }
    if (entry.kind === 'park') await this.#park(webhook, job, token, entry.comeBackMs);
    const crowdedMs = entry.prompt ? 0 : this.#places.waitMs(job.attemptsMade > 0);
    if (crowdedMs > 0) await putAside(job, token, crowdedMs);
    return this.#send(webhook, job, token, entry);
  }

  /** The lane's first job may have been lost with a worker that died. */
  async #queueHead({ head }: Entry): Promise<void> {
    if (head) await queueDue(this.#queue, [head], this.#entries);
  }

  async #park(webhook: WebhookJob, job: Job, token: string | undefined, comeBackMs: number): Promise<never> {
    await job.moveToDelayed(Date.now() + (comeBackMs || this.#limits.recheckMs * (0.5 + Math.random())), token);
    // A place may have become free in between, when there was no delayed job to promote yet.
    if (await this.#lanes.hasPlace(webhook)) await job.promote().catch(() => undefined);
    throw new DelayedError();
  }

  async #send(webhook: WebhookJob, job: Job, token: string | undefined, entry: Entry): Promise<string> {
    // What was given up, and retried by hand, is in no lane any more, and has one attempt.
    const again = entry.kind === 'again';
    const ageMs = again ? this.#limits.giveUpMs : entry.time - webhook.since;
    const attempt: Attempt = { webhook, attempts: job.attemptsMade + 1, ageMs };
    const { giveUpMs, lateMs } = this.#limits;
    const answer = ageMs > giveUpMs + lateMs ? ('too late' as const) : await this.#post(attempt, entry);
    if (answer === 'called off') return putAside(job, token, 0);
    const settled = settle(attempt, answer, this.#limits, Date.now());
    const { ending } = settled;
    this.#onAttempt({
      status: ending.record?.status ?? '',
      tookMs: ending.tookMs,
      ageMs: attempt.ageMs + ending.tookMs,
    });
    const { due, probeMs, opened } = await this.#lanes.finish(webhook, ending, { inLane: !again });
    if (opened) {
      const { host } = new URL(webhook.url);
      this.#log.warn({ host, ms: probeMs }, 'a webhook receiver does not answer; its circuit is open');
    }
    await queueDue(this.#queue, due, this.#entries);
    if (ending.outcome === 'ended') await this.#endSubscription(webhook);
    if (ending.outcome === 'retry') throw new RetryLater(settled.message, probeMs || ending.retryMs);
    if (settled.failed) throw new UnrecoverableError(settled.message);
    return settled.message;
  }

  async #post({ webhook, attempts }: Attempt, { prompt }: Entry): Promise<Parameters<typeof settle>[1] | 'called off'> {
    const begun = performance.now();
    const { url, body, eventId, streamId, state, reason } = webhook;
    const attributes = {
      'server.address': new URL(url).host,
      stream_id: streamId,
      state,
      reason,
      event_id: eventId,
      attempts,
    };
    const span = this.#tracing?.start('webhook', { parent: webhook.trace, kind: 'client', attributes });
    const leave = prompt ? undefined : this.#places.take(attempts > 1);
    try {
      const answer = await postWebhook(url, body, {
        secrets: this.#secrets,
        allowPrivate: this.#allowPrivate,
        timeoutMs: this.#limits.timeoutMs,
        ...{ eventId, prompt, lookups: this.#lookups },
        traceparent: span?.traceparent,
        signal: this.#stopping.signal,
      });
      span?.end({ attributes: { 'http.response.status_code': answer.status } });
      return { ...answer, tookMs: performance.now() - begun };
    } catch (error) {
      span?.end({ error: (error as Error).name });
      if (this.#stopping.signal.aborted) return 'called off';
      return { error: error as Error, forbidden: error instanceof ForbiddenTarget, tookMs: performance.now() - begun };
    } finally {
      leave?.();
    }
  }

  /** Any other error is of Redis. */
  #pauseAfter(attempts: number, error: unknown): number {
    if (error instanceof RetryLater) return Math.max(1, Math.round(error.ms));
    return nextRetry({ attempts, ageMs: 0 }, this.#limits) ?? this.#limits.longestRetryMs;
  }

  #report(job: Job<WebhookJob> | undefined, error: Error): void {
    const parsed = jobSchemas.webhook.safeParse(job?.data);
    // A payload that does not parse was counted and logged where the job was taken.
    if (!job || !parsed.success) return;
    const { streamId, eventId, url } = parsed.data;
    const details = { streamId, eventId, host: new URL(url).host, attempt: job.attemptsMade, err: error };
    if (job.finishedOn === undefined) this.#log.warn(details, 'webhook not delivered; retry follows');
    else this.#log.error(details, 'webhook given up');
  }
}

/** The job is due again in so many ms; this is no attempt. */
async function putAside(job: Job, token: string | undefined, ms: number): Promise<never> {
  await job.moveToDelayed(Date.now() + ms, token);
  throw new DelayedError();
}
