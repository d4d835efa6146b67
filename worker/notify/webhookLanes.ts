import { createHash } from 'node:crypto';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { keys } from '../../common/redis/keys.ts';
import type { WebhookJob } from '../../common/redis/queues.ts';

/** More ended jobs than this at a lane's head are removed in several turns. */
const MOST_REMOVED = 100;

type Target = Pick<WebhookJob, 'streamId' | 'url'>;

/**
 * One lane for each stream and URL: a ZSET of the ids of the jobs that are not delivered yet, by the events' sequence. Only
 * the job at its head may be sent, so a stream's events arrive in order.
 */
export class WebhookLanes {
  readonly #redis: Redis;
  readonly #queue: Queue<WebhookJob>;

  /** @param redis role `queue` */
  constructor(redis: Redis, queue: Queue<WebhookJob>) {
    this.#redis = redis;
    this.#queue = queue;
  }

  /** The lane's key, and the part of a job's id that names the URL. */
  static of({ streamId, url }: Target): { key: string; urlHash: string } {
    const urlHash = createHash('sha256').update(url).digest('hex').slice(0, 16);
    return { key: keys.webhookOrder(streamId, urlHash), urlHash };
  }

  /** Whether no earlier job of its lane is still to be sent. */
  async isHead(target: Target, jobId: string): Promise<boolean> {
    const head = await this.#head(WebhookLanes.of(target).key, jobId);
    return head === undefined || head === jobId;
  }

  /** A job was delivered, or is given up: the next one of its lane is due now. */
  async leave(target: Target, jobId: string): Promise<void> {
    const { key } = WebhookLanes.of(target);
    await this.#redis.zrem(key, jobId);
    const next = await this.#head(key);
    const job = next === undefined ? undefined : await this.#queue.getJob(next);
    if (job) await promote(job);
  }

  /** Puts a job aside until the one before it leaves the lane, or for `ms`, should that never be reported. */
  async park(target: Target, job: Job<WebhookJob>, token: string | undefined, ms: number): Promise<void> {
    await job.moveToDelayed(Date.now() + ms, token);
    // The one before it may have left in between, and found nothing to promote.
    if (await this.isHead(target, job.id ?? '')) await promote(job);
  }

  /** The first job of a lane. Jobs before it that have ended, or are gone, are removed. */
  async #head(key: string, own?: string): Promise<string | undefined> {
    let first: string | undefined;
    for (let i = 0; i < MOST_REMOVED; i += 1) {
      [first] = await this.#redis.zrange(key, '0', '0');
      if (first === undefined || first === own) return first;
      const state = await this.#queue.getJobState(first);
      if (state !== 'unknown' && state !== 'completed' && state !== 'failed') return first;
      await this.#redis.zrem(key, first);
    }
    return first;
  }
}

/** BullMQ refuses to promote a job that is not delayed: it is due, or being sent. */
const promote = (job: Job): Promise<void> => job.promote().catch(() => undefined);
