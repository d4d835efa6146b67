import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../../api/testing/testApi.ts';
import { createQueue, queueNames, type WebhookJob, webhookJobOptions } from '../../common/redis/queues.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { OutboxRelay } from '../../worker/notify/outboxRelay.ts';
import { webhookLimits } from '../../worker/notify/webhookLimits.ts';
import { WebhookSender } from '../../worker/notify/webhookSender.ts';

const WAIT = { timeout: 20_000 };
const log = silentLogger();

let server: TestRedis;
let redis: Redis;
let api: TestApi;
let queue: Queue<WebhookJob>;
let relay: OutboxRelay;
let sender: WebhookSender;
let receiver: Server;
let url: string;
let received: { EventId: string; StreamId: string; Reason: string }[];
/** What the receiver answers. */
let status: number;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
  received = [];
  status = 200;
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push(JSON.parse(body));
    response.writeHead(status).end('thank you');
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks`;
  api = await startTestApi(server.url, { WEBHOOK_ALLOW_PRIVATE: 'on' });
  queue = createQueue<WebhookJob>(queueNames.webhooks, redis, webhookJobOptions);
  const own = new Redis(server.url, { maxRetriesPerRequest: null });
  const limits = { ...webhookLimits, firstRetryMs: 50, longestRetryMs: 100, giveUpMs: 500 };
  relay = new OutboxRelay({ redis: own, queue, log, limits });
  sender = new WebhookSender({ redis, queue, secrets: ['secret'], allowPrivate: true, log, limits });
  relay.start();
  sender.start();
});
afterEach(async () => {
  await relay.stop();
  await sender.stop();
  await queue.close();
  await api.stop();
  receiver.closeAllConnections();
  receiver.close();
});

interface Delivery {
  delivery_id: string;
  event_id: string;
  status: string;
  redelivery: boolean;
  attempts: number;
  response_status: number | null;
  response_body: string;
}

const deliveries = async (id: string): Promise<Delivery[]> => {
  const { body } = await api.ask('GET', `/v1/streams/${id}/webhook-deliveries`);
  return (body as unknown as { data: Delivery[] }).data;
};
const start = (id: string, webhook_urls: string[] = []) =>
  api.ask('POST', '/v1/streams', { stream_id: id, webhook_urls });

describe('deliveries', () => {
  test('show what the receiver answered, and can be sent once more with the same event id', async () => {
    await start('show', [url]);
    await expect.poll(async () => (await deliveries('show')).map(each => each.status), WAIT).toEqual(['delivered']);
    const [first] = await deliveries('show');
    expect(first).toMatchObject({ attempts: 1, response_status: 200, response_body: 'thank you', redelivery: false });
    const path = `/v1/streams/show/webhook-deliveries/${first?.delivery_id}/redeliver`;
    expect((await api.ask('POST', path)).status).toBe(202);
    await expect.poll(() => received.map(({ EventId }) => EventId), WAIT).toEqual([first?.event_id, first?.event_id]);
    await expect.poll(async () => (await deliveries('show')).map(each => each.redelivery), WAIT).toEqual([true, false]);
  });

  test('that were given up are sent again together', async () => {
    status = 500;
    await start('show', [url]);
    await expect.poll(async () => (await deliveries('show')).map(each => each.status), WAIT).toEqual(['failed']);
    status = 200;
    received = [];
    const answer = await api.ask('POST', '/v1/streams/show/webhook-deliveries/redeliver');
    expect([answer.status, answer.body]).toEqual([202, { redelivered: 1 }]);
    await expect.poll(() => received.length, WAIT).toBe(1);
    await expect
      .poll(async () => (await deliveries('show')).map(each => each.status), WAIT)
      .toEqual(['delivered', 'failed']);
  });

  test('of what does not exist are refused', async () => {
    await start('show');
    const { status: code, body } = await api.ask('POST', '/v1/streams/show/webhook-deliveries/x/redeliver');
    expect([code, body]).toMatchObject([404, { code: 'delivery_not_found' }]);
    expect(await deliveries('none')).toEqual([]);
  });
});

describe('endpoints', () => {
  const make = async (body: object) => {
    const answer = await api.ask('POST', '/v1/webhook-endpoints', body);
    return { status: answer.status, body: answer.body as unknown as { endpoint_id: string; code?: string } };
  };

  test('get the events of all streams that they ask for, as long as they are enabled', async () => {
    const { status: code, body } = await make({ url, events: ['STOPPED'] });
    expect(code).toBe(201);
    const path = `/v1/webhook-endpoints/${body.endpoint_id}`;
    for (const id of ['a', 'b']) {
      await start(id);
      await api.ask('DELETE', `/v1/streams/${id}`);
    }
    await expect.poll(() => received.map(event => event.StreamId).sort(), WAIT).toEqual(['a', 'b']);
    expect((await api.ask('PATCH', path, { enabled: false })).body).toMatchObject({
      enabled: false,
      events: ['STOPPED'],
    });
    await start('c', [url]);
    await api.ask('DELETE', '/v1/streams/c');
    await expect.poll(() => received.filter(event => event.StreamId === 'c').length, WAIT).toBe(2);
    expect((await api.ask('DELETE', path)).status).toBe(204);
    expect((await api.ask('GET', path)).body).toMatchObject({ code: 'endpoint_not_found' });
  });

  test('a test event shows what the receiver answers', async () => {
    const { body } = await make({ url });
    status = 503;
    const answer = await api.ask('POST', `/v1/webhook-endpoints/${body.endpoint_id}/test`);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ reason: 'webhook_test', response_status: 503, response_body: 'thank you' });
    expect(received.at(0)).toMatchObject({ StreamId: 'webhook-test', Reason: 'webhook_test' });
  });

  test('bad ones are refused with the rule', async () => {
    expect(await make({ url: 'ftp://a.example/' })).toMatchObject({ status: 400, body: { code: 'body_invalid' } });
    expect(await make({ url, events: ['started'] })).toMatchObject({ status: 400, body: { code: 'body_invalid' } });
    for (let i = 0; i < 20; i += 1) expect((await make({ url: `${url}/${i}` })).status).toBe(201);
    expect(await make({ url })).toMatchObject({ status: 429, body: { code: 'quota' } });
  });

  test('whose receiver answers 410 are switched off, and can be switched on again', async () => {
    const { body } = await make({ url });
    const path = `/v1/webhook-endpoints/${body.endpoint_id}`;
    status = 410;
    await start('a');
    const seen = async () =>
      (await api.ask('GET', path)).body as unknown as { enabled: boolean; ended_at: string | null };
    await expect.poll(async () => (await seen()).enabled, WAIT).toBe(false);
    expect((await seen()).ended_at).not.toBeNull();
    expect((await api.ask('PATCH', path, { enabled: true })).body).toMatchObject({ enabled: true, ended_at: null });
  });
});
