import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { keys } from '../../common/redis/keys.ts';
import { LeaderElection } from '../../common/redis/leaderElection.ts';
import type { WebhookJob } from '../../common/redis/queues.ts';
import { parseStreamEvent, type StreamEvent } from '../../common/stream/streamEvent.ts';
import { webhookBody } from './webhookBody.ts';

const LEADER_MS = 6_000;
const READ_MS = 2_000;
const BATCH = 100;
/** An event that could not be delivered for two days is no news any more. */
const ORDER_TTL_SECONDS = 172_800;

/**
 * Turns the outbox's events into webhook jobs, then deletes them: a crash in between repeats the step, and the job ids
 * make the repetition harmless. One worker relays at a time, so that a stream's events stay in order.
 */
export class OutboxRelay {
  readonly #redis: Redis;
  readonly #queue: Queue<WebhookJob>;
  readonly #election: LeaderElection;
  readonly #srtUrl: boolean;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  /**
   * @param deps.redis a connection of its own: reading blocks it
   * @param deps.srtUrl WEBHOOK_SRT_URL: whether jobs and bodies hold the SRT URL with its key
   */
  constructor(deps: { redis: Redis; queue: Queue<WebhookJob>; srtUrl?: boolean; log: Logger }) {
    this.#redis = deps.redis;
    this.#queue = deps.queue;
    this.#election = new LeaderElection({ redis: deps.redis, key: keys.relay, ttlMs: LEADER_MS });
    this.#srtUrl = deps.srtUrl ?? true;
    this.#log = deps.log;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Resolves when the last batch is done; ends the connection, since a blocking read cannot be called off otherwise. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#redis.disconnect();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        if (await this.#election.lead()) await this.#relayBatch();
        else await sleep(READ_MS, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.#log.debug({ err: error }, 'outbox not relayed; next time');
        await sleep(500, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #relayBatch(): Promise<void> {
    // From the start each time: what was relayed is gone from the outbox.
    const answer = await this.#redis.xread('COUNT', BATCH, 'BLOCK', READ_MS, 'STREAMS', keys.outbox, '0');
    const entries = answer?.[0]?.[1] ?? [];
    if (entries.length === 0) return;
    const jobs = entries.flatMap(([, fields]) => webhooksOf(parseStreamEvent(fields), this.#srtUrl));
    await this.#relay(jobs);
    await this.#redis.xdel(keys.outbox, ...entries.map(([entry]) => entry));
  }

  /** In a few round trips for all: at 50 starts a second there are 200 events. */
  async #relay(jobs: readonly { jobId: string; data: WebhookJob }[]): Promise<void> {
    if (jobs.length === 0) return;
    const orders = this.#redis.multi();
    for (const { jobId, data } of jobs)
      orders.zadd(data.order, data.sequence, jobId).expire(data.order, ORDER_TTL_SECONDS);
    await orders.exec();
    await this.#queue.addBulk(jobs.map(({ jobId, data }) => ({ name: 'webhook', data, opts: { jobId } })));
  }
}

/** One job for each URL. */
function webhooksOf(event: StreamEvent, srtUrl: boolean): { jobId: string; data: WebhookJob }[] {
  const { eventId, streamId, sequence } = event;
  const body = webhookBody(event, { srtUrl });
  return event.webhookUrls.map(url => {
    const urlHash = createHash('sha256').update(url).digest('hex').slice(0, 16);
    const order = keys.webhookOrder(streamId, urlHash);
    return { jobId: `${eventId}.${urlHash}`, data: { url, eventId, streamId, sequence, order, body } };
  });
}
