import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { AppError } from '../../common/errors.ts';
import { keys } from '../../common/redis/keys.ts';
import type { StreamEvent } from '../../common/stream/streamEvent.ts';
import { eventId } from '../../common/stream/streamEvent.ts';
import type { WebhookDeliveries } from '../../common/webhooks/webhookDeliveries.ts';
import type { WebhookDelivery } from '../../common/webhooks/webhookDelivery.ts';
import { MOST_ENDPOINTS, type WebhookEndpoint, type WebhookEndpoints } from '../../common/webhooks/webhookEndpoints.ts';
import type { EventHistory } from '../events/eventHistory.ts';
import { askRedis } from '../http/askRedis.ts';

/** The stream that a test event is of. Its deliveries expire as those of streams. */
const TEST_STREAM = 'webhook-test';
const TEST_MS = 10_000;
const LOOK_MS = 100;

type EndpointFields = Pick<WebhookEndpoint, 'url' | 'events' | 'enabled'>;

/**
 * Webhooks for apps: what became of them, one more delivery, and receivers of all streams' events. A delivery that is asked for goes the way of
 * every other, by the outbox, so that the worker alone signs and sends. Every call throws `redis_unavailable` at once.
 */
export class WebhookService {
  readonly #redis: Redis;
  readonly #endpoints: WebhookEndpoints;
  readonly #deliveries: WebhookDeliveries;
  readonly #history: EventHistory;
  readonly #refusedTarget: ((url: string) => Promise<string | undefined>) | undefined;

  /** @param deps.refusedTarget names the host that a webhook may not go to; absent: webhooks may go everywhere */
  constructor(deps: {
    redis: Redis;
    endpoints: WebhookEndpoints;
    deliveries: WebhookDeliveries;
    history: EventHistory;
    refusedTarget?: (url: string) => Promise<string | undefined>;
  }) {
    this.#redis = deps.redis;
    this.#endpoints = deps.endpoints;
    this.#deliveries = deps.deliveries;
    this.#history = deps.history;
    this.#refusedTarget = deps.refusedTarget;
  }

  /** The last 100 of a stream, newest first. */
  async deliveries(streamId: string): Promise<WebhookDelivery[]> {
    return askRedis(() => this.#deliveries.list(streamId));
  }

  /** Sends the event of a delivery once more, to its URL alone. Throws `delivery_not_found`. */
  async redeliver(streamId: string, id: string): Promise<void> {
    const delivery = await askRedis(() => this.#deliveries.get(streamId, id));
    if (!delivery) throw deliveryNotFound(id);
    if ((await this.#sendAgain(streamId, [delivery])) === 0) {
      throw new AppError('delivery_not_found', `the event of delivery "${id}" is no longer kept`);
    }
  }

  /** Sends again what was given up. Returns how many. */
  async redeliverFailed(streamId: string): Promise<number> {
    const all = await this.deliveries(streamId);
    const failed = all.filter(({ status }) => status === 'failed');
    // Several deliveries of one event to one URL may have failed: one more is enough.
    const unique = new Map(failed.map(delivery => [`${delivery.eventId} ${delivery.url}`, delivery]));
    return this.#sendAgain(streamId, [...unique.values()].reverse());
  }

  async endpoints(): Promise<WebhookEndpoint[]> {
    return askRedis(() => this.#endpoints.list());
  }

  /** Throws `endpoint_not_found`. */
  async endpoint(id: string): Promise<WebhookEndpoint> {
    return found(id, await askRedis(() => this.#endpoints.get(id)));
  }

  /** Throws `webhook_refused`, and `quota` beyond 20. */
  async createEndpoint(fields: EndpointFields): Promise<WebhookEndpoint> {
    await this.#checkTarget(fields.url);
    const made = await askRedis(() => this.#endpoints.create(fields));
    if (made) return made;
    throw new AppError('quota', `there are ${MOST_ENDPOINTS} webhook endpoints already; delete one first`);
  }

  /** Enabling it forgets that its receiver had answered 410. Throws `endpoint_not_found` and `webhook_refused`. */
  async changeEndpoint(id: string, change: Partial<EndpointFields>): Promise<WebhookEndpoint> {
    if (change.url !== undefined) await this.#checkTarget(change.url);
    const all = change.enabled ? { ...change, endedAt: 0 } : change;
    return found(id, await askRedis(() => this.#endpoints.update(id, all)));
  }

  /** Throws `endpoint_not_found`. */
  async removeEndpoint(id: string): Promise<void> {
    if (!(await askRedis(() => this.#endpoints.remove(id)))) throw endpointNotFound(id);
  }

  /** Sends a test event, and returns what became of its first attempt; after 10 s what is known then. */
  async testEndpoint(id: string, signal: AbortSignal): Promise<WebhookDelivery> {
    const { url } = await this.endpoint(id);
    const redelivery = newRedelivery();
    await this.#append({ ...testEvent(), webhookUrls: [url], endpoint: id, redelivery });
    const until = performance.now() + TEST_MS;
    for (;;) {
      const all = await this.deliveries(TEST_STREAM);
      const mine = all.find(delivery => delivery.redelivery === redelivery);
      if (mine && (mine.attempts > 0 || performance.now() > until)) return mine;
      if (performance.now() > until) {
        throw new AppError('no_worker', 'no worker has taken the test event; check that one runs (GET /v1/workers)');
      }
      await sleep(LOOK_MS, undefined, { signal });
    }
  }

  /** Returns of how many the event is still kept. */
  async #sendAgain(streamId: string, deliveries: readonly WebhookDelivery[]): Promise<number> {
    const events = new Map((await this.#history.ofStream(streamId)).map(event => [event.eventId, event]));
    let sent = 0;
    for (const { eventId: id, url, endpoint } of deliveries) {
      const event = events.get(id);
      if (!event) continue;
      await this.#append({ ...event, webhookUrls: [url], endpoint, redelivery: newRedelivery() });
      sent += 1;
    }
    return sent;
  }

  /** As append-event.lua writes it, without a place in the histories: nothing has happened to the stream. */
  async #append({ sequence, webhookUrls, trace, ...event }: StreamEvent): Promise<void> {
    const fields = { ...event, seq: sequence, webhookUrls: JSON.stringify(webhookUrls), ...(trace && { trace }) };
    await askRedis(() =>
      this.#redis.xadd(keys.outbox, '*', ...Object.entries(fields).flatMap(pair => pair.map(String))),
    );
  }

  async #checkTarget(url: string): Promise<void> {
    const host = await this.#refusedTarget?.(url);
    if (host === undefined) return;
    throw new AppError(
      'webhook_refused',
      `url: webhooks may not go to ${host}: it has a private address (WEBHOOK_ALLOW_PRIVATE=on allows it)`,
    );
  }
}

const newRedelivery = (): string => randomBytes(12).toString('base64url');

function testEvent(): Omit<StreamEvent, 'webhookUrls'> {
  const [run, token, sequence] = ['test', '0', Date.now()];
  return {
    ...{ streamId: TEST_STREAM, run, token, sequence, eventId: eventId(run, token, sequence) },
    ...{ state: 'READY', reason: 'webhook_test', update: 'A test of this webhook endpoint', time: Date.now() },
    ...{ streamLink: '', srtUrl: '', recordingLink: '' },
  };
}

function found(id: string, endpoint: WebhookEndpoint | undefined): WebhookEndpoint {
  if (endpoint) return endpoint;
  throw endpointNotFound(id);
}

const endpointNotFound = (id: string): AppError =>
  new AppError('endpoint_not_found', `webhook endpoint "${id}" does not exist`);

const deliveryNotFound = (id: string): AppError =>
  new AppError('delivery_not_found', `delivery "${id}" does not exist, or is no longer kept`);
