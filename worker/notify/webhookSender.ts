import { DelayedError, type Job, type Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { queueNames, type WebhookJob } from '../../common/redis/queues.ts';
import { ForbiddenTarget, postWebhook } from './postWebhook.ts';

const TIMEOUT_MS = 10_000;
const NOT_MY_TURN_MS = 200;

/**
 * Delivers webhooks, at least once, in order for each stream and URL: a job whose predecessor is still being tried waits
 * for it. A predecessor that was given up, or is gone, does not hold its successors back.
 */
export class WebhookSender {
  readonly #worker: Worker<WebhookJob>;
  readonly #queue: Queue<WebhookJob>;
  readonly #redis: Redis;
  readonly #secret: string;
  readonly #allowPrivate: boolean;
  readonly #log: Logger;
  readonly #stopping = new AbortController();

  constructor(deps: {
    /** BullMQ's connection, role `queue`. */
    redis: Redis;
    queue: Queue<WebhookJob>;
    secret: string;
    allowPrivate: boolean;
    concurrency: number;
    log: Logger;
  }) {
    this.#redis = deps.redis;
    this.#queue = deps.queue;
    this.#secret = deps.secret;
    this.#allowPrivate = deps.allowPrivate;
    this.#log = deps.log;
    this.#worker = new Worker<WebhookJob>(queueNames.webhooks, (job, token) => this.#deliver(job, token), {
      connection: deps.redis,
      concurrency: deps.concurrency,
      autorun: false,
    });
    this.#worker.on('error', error => this.#log.debug({ err: error }, 'queue webhooks'));
    this.#worker.on('failed', (job, error) => void this.#onFailed(job, error));
  }

  start(): void {
    void this.#worker.run().catch(error => this.#log.error({ err: error }, 'queue webhooks stopped'));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#worker.close(true);
  }

  async #deliver(job: Job<WebhookJob>, token: string | undefined): Promise<number> {
    const { url, body, eventId, order } = job.data;
    if (!(await this.#isMyTurn(job))) {
      await job.moveToDelayed(Date.now() + NOT_MY_TURN_MS, token);
      throw new DelayedError();
    }
    const status = await postWebhook(url, body, {
      secret: this.#secret,
      allowPrivate: this.#allowPrivate,
      timeoutMs: TIMEOUT_MS,
      eventId,
      signal: this.#stopping.signal,
    }).catch((error: unknown) => {
      throw error instanceof ForbiddenTarget ? new UnrecoverableError(error.message) : error;
    });
    if (status < 200 || status > 299) throw new Error(`the receiver answered ${status}; 2xx is expected`);
    await this.#redis.zrem(order, job.id ?? '');
    return status;
  }

  async #isMyTurn(job: Job<WebhookJob>): Promise<boolean> {
    const { order } = job.data;
    const [first] = await this.#redis.zrange(order, '0', '0');
    if (first === undefined || first === job.id) return true;
    const state = await (await this.#queue.getJob(first))?.getState();
    if (state !== undefined && state !== 'completed' && state !== 'failed') return false;
    await this.#redis.zrem(order, first);
    return this.#isMyTurn(job);
  }

  async #onFailed(job: Job<WebhookJob> | undefined, error: Error): Promise<void> {
    if (!job) return;
    const { streamId, eventId, url, order } = job.data;
    const final = job.finishedOn !== undefined;
    const { host } = new URL(url);
    this.#log[final ? 'error' : 'warn'](
      { streamId, eventId, host, attempt: job.attemptsMade, err: error },
      final ? 'webhook given up' : 'webhook not delivered yet',
    );
    if (final) await this.#redis.zrem(order, job.id ?? '').catch(() => undefined);
  }
}
