import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { LeaderElection } from '../../common/redis/leaderElection.ts';
import { jobSchemas, type WebhookJob } from '../../common/redis/queues.ts';
import { parseStreamEvent, type StreamEvent } from '../../common/stream/streamEvent.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import { ReceiverHosts } from './receiverHosts.ts';
import { webhookBody } from './webhookBody.ts';
import { WebhookLanes } from './webhookLanes.ts';

const LEADER_MS = 6_000;
const READ_MS = 2_000;
const BATCH = 100;
const CLOSE_MS = 2_000;
/** A lane without a new event for two days is deleted. */
const LANE_TTL_SECONDS = 172_800;
const AFTER_PROMPT = 1;

/**
 * Turns the outbox's events into webhook jobs, then deletes them: a crash in between repeats the step, and the job ids
 * make the repetition harmless. One worker relays at a time, so that a stream's events stay in order.
 */
export class OutboxRelay {
  readonly #redis: Redis;
  readonly #queue: Queue<WebhookJob>;
  readonly #election: LeaderElection;
  readonly #srtUrl: boolean;
  readonly #hosts: ReceiverHosts;
  readonly #entries: EntryParser;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(deps: {
    /** A connection of its own: reading blocks it. */
    redis: Redis;
    queue: Queue<WebhookJob>;
    /** WEBHOOK_SRT_URL: whether jobs and bodies hold the SRT URL with its key. */
    srtUrl?: boolean;
    /** Those of the process's sender, which knows which are prompt. */
    hosts?: ReceiverHosts;
    entries?: EntryParser;
    log: Logger;
  }) {
    this.#redis = deps.redis;
    this.#queue = deps.queue;
    this.#election = new LeaderElection({ redis: deps.redis, key: keys.relay, ttlMs: LEADER_MS });
    this.#srtUrl = deps.srtUrl ?? true;
    this.#hosts = deps.hosts ?? new ReceiverHosts();
    this.#entries = deps.entries ?? new EntryParser({ log: deps.log });
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
    // From the start each time: what was relayed is gone from the outbox.
    const answer = await this.#redis.xread('COUNT', BATCH, 'BLOCK', READ_MS, 'STREAMS', keys.outbox, '0');
    const entries = answer?.[0]?.[1] ?? [];
    if (entries.length === 0) return;
    // An entry that does not parse is skipped, and deleted with the others: it would stand at the front for ever.
    await this.#relay(entries.flatMap(([id, fields]) => this.#webhooks(id, fields)));
    await this.#redis.xdel(keys.outbox, ...entries.map(([entry]) => entry));
  }

  /** In a few round trips for all: at 50 starts a second there are 200 events. */
  async #relay(jobs: readonly { jobId: string; data: WebhookJob; lane: string }[]): Promise<void> {
    if (jobs.length === 0) return;
    const lanes = this.#redis.multi();
    for (const { jobId, data, lane } of jobs) lanes.zadd(lane, data.sequence, jobId).expire(lane, LANE_TTL_SECONDS);
    await lanes.exec();
    await this.#queue.addBulk(
      jobs.map(({ jobId, data }) => ({ name: 'webhook', data, opts: { jobId, ...this.#priority(data.url) } })),
    );
  }

  /** BullMQ takes jobs with a priority after all others: those of receivers that are not known to be prompt. */
  #priority(url: string): { priority?: number } {
    return this.#hosts.isPrompt(new URL(url).host) ? {} : { priority: AFTER_PROMPT };
  }

  /** One job for each URL. */
  #webhooks(id: string, fields: readonly string[]): { jobId: string; data: WebhookJob; lane: string }[] {
    const event = this.#entries.parse('outbox entry', id, () => {
      const parsed = parseStreamEvent(fields);
      return { ...parsed, body: webhookBody(parsed, { srtUrl: this.#srtUrl }) };
    });
    return (event?.webhookUrls ?? []).flatMap(url => {
      const { eventId, streamId, sequence, body } = event as StreamEvent & { body: string };
      const data = this.#entries.parse('webhook of an outbox entry', id, () =>
        jobSchemas.webhook.parse({ url, eventId, streamId, sequence, body }),
      );
      if (!data) return [];
      const { key, urlHash } = WebhookLanes.of(data);
      return [{ jobId: `${eventId}.${urlHash}`, data, lane: key }];
    });
  }
}
