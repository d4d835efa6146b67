import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { LeaderElection } from '../../common/redis/leaderElection.ts';
import type { WebhookJob } from '../../common/redis/queues.ts';
import { parseStreamEvent } from '../../common/stream/streamEvent.ts';
import { type WebhookEndpoint, WebhookEndpoints } from '../../common/webhooks/webhookEndpoints.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import { healLanes } from './healLanes.ts';
import { queueDue } from './queueDue.ts';
import { WebhookLanes } from './webhookLanes.ts';
import { type WebhookLimits, webhookLimits } from './webhookLimits.ts';
import { webhooksOf } from './webhooksOf.ts';

const LEADER_MS = 6_000;
const READ_MS = 2_000;
const BATCH = 50;
/** Webhooks put into their lanes at a time: Redis does nothing else while a script runs. */
const CHUNK = 50;
const CLOSE_MS = 2_000;

/**
 * Turns the outbox's events into webhooks, then deletes them: a crash in between repeats the step, which changes nothing the second time.
 * One worker relays at a time, so that a stream's events stay in order; it also looks after lanes that nobody goes on with.
 */
export class OutboxRelay {
  readonly #redis: Redis;
  readonly #queue: Queue<WebhookJob>;
  readonly #lanes: WebhookLanes;
  readonly #endpoints: WebhookEndpoints;
  readonly #election: LeaderElection;
  readonly #healEveryMs: number;
  readonly #srtUrl: boolean;
  readonly #entries: EntryParser;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #healedAt = Number.NEGATIVE_INFINITY;
  #loop: Promise<void> | undefined;

  constructor(deps: {
    /** A connection of its own: reading blocks it. */
    redis: Redis;
    queue: Queue<WebhookJob>;
    /** WEBHOOK_SRT_URL: whether jobs and bodies hold the SRT URL with its key. */
    srtUrl?: boolean;
    limits?: WebhookLimits;
    /** How often it looks for lanes that nobody goes on with (default: 15 s). */
    healEveryMs?: number;
    entries?: EntryParser;
    log: Logger;
  }) {
    this.#redis = deps.redis;
    this.#queue = deps.queue;
    this.#entries = deps.entries ?? new EntryParser({ log: deps.log });
    this.#lanes = new WebhookLanes(deps.redis, deps.limits ?? webhookLimits);
    this.#endpoints = new WebhookEndpoints(deps.redis, this.#entries);
    this.#election = new LeaderElection({ redis: deps.redis, key: keys.relay, ttlMs: LEADER_MS });
    this.#healEveryMs = deps.healEveryMs ?? 15_000;
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
    // A batch for BullMQ waits for as long as Redis is away; the next leader relays it again.
    await withDeadline(Promise.resolve(this.#loop), CLOSE_MS, () => undefined);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        if (await this.#election.lead()) await this.#relayBatch();
        else await sleep(READ_MS, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.#log.debug({ err: error }, 'outbox not relayed; retry follows');
        await sleep(500, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #relayBatch(): Promise<void> {
    if (performance.now() - this.#healedAt > this.#healEveryMs) {
      await healLanes(this.#lanes, this.#queue, this.#entries, this.#log);
      this.#healedAt = performance.now();
    }
    // From the start each time: what was relayed is gone from the outbox.
    const answer = await this.#redis.xread('COUNT', BATCH, 'BLOCK', READ_MS, 'STREAMS', keys.outbox, '0');
    const entries = answer?.[0]?.[1] ?? [];
    if (entries.length === 0) return;
    const endpoints = (await this.#endpoints.list()).filter(({ enabled }) => enabled);
    // An entry that does not parse is skipped, and deleted with the others: it would stand at the front for ever.
    await this.#relay(entries.flatMap(([id, fields]) => this.#webhooks(id, fields, endpoints)));
    await this.#redis.xdel(keys.outbox, ...entries.map(([entry]) => entry));
  }

  async #relay(jobs: readonly WebhookJob[]): Promise<void> {
    for (let i = 0; i < jobs.length; i += CHUNK) {
      const { due, failed } = await this.#lanes.enqueue(jobs.slice(i, i + CHUNK));
      await queueDue(this.#queue, due, this.#entries);
      for (const { job, problem } of failed)
        this.#entries.skip('lane of webhooks', WebhookLanes.of(job).lane, new Error(problem));
    }
  }

  #webhooks(id: string, fields: readonly string[], endpoints: readonly WebhookEndpoint[]): WebhookJob[] {
    const event = this.#entries.parse('outbox entry', id, () => parseStreamEvent(fields));
    if (!event) return [];
    return webhooksOf(event, endpoints, { srtUrl: this.#srtUrl }).flatMap(
      make => this.#entries.parse('webhook of an outbox entry', id, make) ?? [],
    );
  }
}
