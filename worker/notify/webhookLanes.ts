import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { keys } from '../../common/redis/keys.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import type { WebhookJob } from '../../common/redis/queues.ts';
import type { WebhookDelivery } from '../../common/webhooks/webhookDelivery.ts';
import type { WebhookLimits } from './webhookLimits.ts';

/** A job that may be sent from now on, or in `delay` ms. */
export interface DueJob {
  id: string;
  /** The payload as JSON. */
  json: string;
  /** It waits among BullMQ's delayed jobs already. */
  isThere: boolean;
  delay: number;
  prompt: boolean;
}

/** `time`: Redis's clock, ms. `head`: what is first in the lane when that is another job. `again`: come back in so many ms; 0: it is called. */
export interface Entry {
  kind: 'send' | 'park' | 'behind' | 'gone' | 'again';
  time: number;
  prompt: boolean;
  head: DueJob | undefined;
  comeBackMs: number;
}

export interface Ending {
  /** `left`: delivered or given up. `ended`: the whole lane is over. */
  outcome: 'left' | 'ended' | 'retry';
  /** How the host was: 2xx, another answer, none, or nothing was learned. */
  host: 'ok' | 'answered' | 'silent' | '';
  tookMs: number;
  retryMs: number;
  record: WebhookDelivery | undefined;
}

/**
 * One lane for each stream and URL: the events that are not delivered yet. Only the first one of a lane has a job, so a
 * stream's events arrive in order. And a receiver's host has so many places: lanes beyond them have no job, and wait in Redis until a place
 * is free. While a host's circuit is open it has one place, for one attempt at its end.
 */
export class WebhookLanes {
  readonly #redis: Redis;
  readonly #limits: string;
  readonly #recheckMs: number;
  readonly #enqueue = script('enqueue-webhooks');
  readonly #enter = script('enter-lane');
  readonly #finish = script('finish-webhook');
  readonly #overdue = script('overdue-lane');

  /** @param redis role `queue` */
  constructor(redis: Redis, limits: WebhookLimits) {
    this.#redis = redis;
    this.#limits = JSON.stringify(limits);
    this.#recheckMs = limits.recheckMs;
  }

  /** A job's lane, its host and its id, which is the delivery's too. */
  static of({ streamId, url, eventId, redelivery }: WebhookJob): { lane: string; host: string; id: string } {
    const urlHash = createHash('sha256').update(url).digest('hex').slice(0, 16);
    const [inLane, inId] = redelivery ? [`:${redelivery}`, `.${redelivery}`] : ['', ''];
    return { lane: `${streamId}:${urlHash}${inLane}`, host: new URL(url).host, id: `${eventId}.${urlHash}${inId}` };
  }

  /** Puts jobs into their lanes. Those that could not be written, because a key is of another type, are in `failed`. */
  async enqueue(
    jobs: readonly WebhookJob[],
  ): Promise<{ due: DueJob[]; failed: { job: WebhookJob; problem: string }[] }> {
    const names: string[] = [];
    const args: (string | number)[] = [];
    for (const job of jobs) {
      const { lane, host, id } = WebhookLanes.of(job);
      names.push(...deliveryKeys(job));
      args.push(lane, host, id, job.sequence, JSON.stringify(job), JSON.stringify(pending(job, id)));
    }
    const answer = await this.#enqueue.run(this.#redis, names, [this.#limits, keys.webhooks, ...args]);
    const [due, failed] = answer as [RawDue[], [number, string][]];
    return {
      due: due.map(readDue),
      failed: failed.map(([i, problem]) => ({ job: jobs[i] as WebhookJob, problem })),
    };
  }

  /** A job was taken: whether it may be sent now, for which it then has a place. */
  async enter(job: WebhookJob, isFirstAttempt: boolean): Promise<Entry> {
    const { lane, host, id } = WebhookLanes.of(job);
    const args = [this.#limits, keys.webhooks, lane, host, id, isFirstAttempt ? 1 : 0];
    const answer = await this.#enter.run(this.#redis, deliveryKeys(job).slice(0, 1), args);
    const [kind, time, prompt, head, comeBackMs] = answer as [Entry['kind'], string, string, string, number];
    const first = head === '' ? undefined : { json: head, isThere: false, delay: 0, prompt: prompt === '1' };
    const headJob = first && { ...first, id: WebhookLanes.of(JSON.parse(head) as WebhookJob).id };
    return { kind, time: Number(time), prompt: prompt === '1', head: headJob, comeBackMs };
  }

  /** Whether a job that was put aside has been given a place meanwhile. */
  async hasPlace(job: WebhookJob): Promise<boolean> {
    const { lane, host } = WebhookLanes.of(job);
    const scores = await Promise.all(
      ['places', 'retries'].map(kind => this.#redis.zscore(`${keys.webhooks}${kind}:${host}`, lane)),
    );
    return scores.some(score => score !== null);
  }

  /**
   * An attempt is over. Resolves to the jobs that are due now; to how long the circuit stays open (ms), when this lane is the one that
   * tries it next; and to whether it has just opened.
   */
  async finish(
    job: WebhookJob,
    ending: Ending,
    { inLane }: { inLane: boolean },
  ): Promise<{ due: DueJob[]; probeMs: number; opened: boolean }> {
    const { lane: own, host, id } = WebhookLanes.of(job);
    const lane = inLane ? own : `${own}:none`;
    const { outcome, tookMs, retryMs, record } = ending;
    const answer = await this.#finish.run(this.#redis, deliveryKeys(job), [
      ...[this.#limits, keys.webhooks, lane, host, id, outcome, ending.host],
      ...[Math.round(tookMs), Math.round(retryMs), record ? JSON.stringify(record) : '', Math.random()],
    ]);
    const [due, probeMs, opened] = answer as [RawDue[], number, string];
    return { due: due.map(readDue), probeMs, opened: opened === '1' };
  }

  /** The first jobs of lanes that nothing was heard of in time; they count as checked then. */
  async overdue(most: number): Promise<{ id: string; json: string }[]> {
    const all = `${keys.webhooks}lanes`;
    const lanes = await this.#redis.zrange(all, '-inf', String(await this.#now()), 'BYSCORE', 'LIMIT', 0, most);
    const found = lanes.map(async lane => {
      const key = `${keys.webhooks}lane:${lane}`;
      const answer = await this.#overdue.run(this.#redis, [key, `${key}:jobs`, all], [lane, this.#recheckMs]);
      const [id, json] = answer as string[];
      return id !== undefined && json !== undefined ? [{ id, json }] : [];
    });
    return (await Promise.all(found)).flat();
  }

  async #now(): Promise<number> {
    const [seconds, micros] = await this.#redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }
}

type RawDue = [id: string, json: string, there: string, delay: string, prompt: string];

const readDue = ([id, json, there, delay, prompt]: RawDue): DueJob => ({
  ...{ id, json, isThere: there === '1', delay: Number(delay), prompt: prompt === '1' },
});

const script = (name: string): LuaScript => new LuaScript(new URL(`./lua/${name}.lua`, import.meta.url));

const deliveryKeys = ({ streamId }: WebhookJob): [string, string] => [
  keys.webhookDeliveries(streamId),
  keys.webhookDeliveryOrder(streamId),
];

function pending(job: WebhookJob, id: string): Partial<WebhookDelivery> {
  const { eventId, url, endpoint, redelivery, sequence, state, reason, since } = job;
  return { id, eventId, url, endpoint, redelivery, sequence, state, reason, status: 'pending', createdAt: since };
}
