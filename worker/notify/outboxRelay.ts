import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { keys } from '../../common/keys.ts';
import type { WebhookJob } from '../../common/queues.ts';
import { parseStreamEvent, type StreamEvent } from '../../common/streamEvent.ts';
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
  readonly #id: string;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  /** @param deps.redis a connection of its own: reading blocks it */
  constructor(deps: { redis: Redis; queue: Queue<WebhookJob>; workerId: string; log: Logger }) {
    this.#redis = deps.redis;
    this.#queue = deps.queue;
    this.#id = deps.workerId;
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
        if (await this.#lead()) await this.#relayBatch();
        else await sleep(READ_MS, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.#log.debug({ err: error }, 'outbox not relayed; next time');
        await sleep(500, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #lead(): Promise<boolean> {
    if ((await this.#redis.set(keys.relay, this.#id, 'PX', LEADER_MS, 'NX')) === 'OK') return true;
    if ((await this.#redis.get(keys.relay)) !== this.#id) return false;
    await this.#redis.pexpire(keys.relay, LEADER_MS);
    return true;
  }

  async #relayBatch(): Promise<void> {
    // From the start each time: what was relayed is gone from the outbox.
    const answer = await this.#redis.xread('COUNT', BATCH, 'BLOCK', READ_MS, 'STREAMS', keys.outbox, '0');
    const entries = answer?.[0]?.[1] ?? [];
    for (const [, fields] of entries) await this.#relay(parseStreamEvent(fields));
    if (entries.length > 0) await this.#redis.xdel(keys.outbox, ...entries.map(([entry]) => entry));
  }

  async #relay(event: StreamEvent): Promise<void> {
    const body = webhookBody(event);
    for (const url of event.webhookUrls) {
      const urlHash = createHash('sha256').update(url).digest('hex').slice(0, 16);
      const order = keys.webhookOrder(event.streamId, urlHash);
      const jobId = `${event.eventId}.${urlHash}`;
      await this.#redis.multi().zadd(order, event.sequence, jobId).expire(order, ORDER_TTL_SECONDS).exec();
      await this.#queue.add(
        'webhook',
        { url, eventId: event.eventId, streamId: event.streamId, sequence: event.sequence, order, body },
        { jobId },
      );
    }
  }
}
