import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createRedis } from '../../common/redis/createRedis.ts';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { createQueue, queueNames, type WebhookJob, webhookJobOptions } from '../../common/redis/queues.ts';
import { signRequest } from '../../common/signature.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { type WebhookDelivery, webhookDelivery } from '../../common/webhooks/webhookDelivery.ts';
import { WebhookEndpoints } from '../../common/webhooks/webhookEndpoints.ts';
import { OutboxRelay } from './outboxRelay.ts';
import { type WebhookLimits, webhookLimits } from './webhookLimits.ts';
import { WebhookSender } from './webhookSender.ts';

const SECRET = 'secret-for-the-webhook-tests';
const log = silentLogger();
/** Quick retries; everything else as in production. */
const quick = { ...webhookLimits, firstRetryMs: 100, longestRetryMs: 100 };

let server: TestRedis;
let redis: Redis;
let receiver: Server;
let url: string;
let answers: number[];
let headers: Record<string, string>;
let received: { sequence: number; status: string; reason: string; id: string; signed: boolean; answered: number }[];
let queue: Queue<WebhookJob>;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const event = JSON.parse(body);
    const signature = String(request.headers['lt-signature']);
    const time = Number(/t=(\d+)/.exec(signature)?.[1]);
    const signed = signature === signRequest({ time, method: 'POST', path: request.url ?? '', body }, SECRET);
    const answered = request.url?.endsWith('&gone') ? 410 : (answers.shift() ?? 200);
    const { Sequence: sequence, Status: status, Reason: reason, EventId: id } = event;
    received.push({ sequence, status, reason, id, signed, answered });
    response.writeHead(answered, headers).end(`answered ${answered}`);
  });
  await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook?from=livetran`;
});
beforeEach(async () => {
  await redis.flushall();
  answers = [];
  headers = {};
  received = [];
  queue = createQueue<WebhookJob>(queueNames.webhooks, redis, webhookJobOptions);
  stops.push(() => queue.close());
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  redis.disconnect();
  await server.stop();
});

function relay(options: { srtUrl?: boolean; entries?: EntryParser; healEveryMs?: number } = {}): OutboxRelay {
  const relaying = new OutboxRelay({ redis: createRedis(server.url, 'queue', log), queue, ...options, log });
  relaying.start();
  stops.push(() => relaying.stop());
  return relaying;
}

function sender(options: { allowPrivate?: boolean; limits?: WebhookLimits } = {}): WebhookSender {
  const sending = new WebhookSender({
    redis,
    queue,
    secrets: [SECRET],
    allowPrivate: options.allowPrivate ?? true,
    limits: options.limits ?? quick,
    log,
  });
  sending.start();
  stops.push(() => sending.stop());
  return sending;
}

async function deliveries(streamId: string): Promise<WebhookDelivery[]> {
  const all = Object.values(await redis.hgetall(keys.webhookDeliveries(streamId)));
  return all
    .map(text => webhookDelivery.parse(JSON.parse(text)))
    .toSorted((a, b) => a.sequence - b.sequence || a.url.localeCompare(b.url));
}

/** Start and stop of an unclaimed stream: two events, INITIALISED and STOPPED. */
async function twoEvents(streamId: string, webhookUrls = [url]): Promise<void> {
  const streams = new StreamStore(redis);
  await streams.start(streamId, { profile: 'transcode', webhookUrls });
  await streams.stop(streamId);
}

test('events arrive signed and in order, and the outbox is empty after', async () => {
  relay();
  sender();
  await twoEvents('show');
  await vi.waitFor(() => expect(received.map(r => r.status)).toEqual(['INITIALISED', 'STOPPED']));
  expect(received.every(r => r.signed)).toBe(true);
  expect(await redis.xlen(keys.outbox)).toBe(0);
});

test('order holds while the first event is being retried; another stream does not wait', async () => {
  relay();
  answers = [500, 500];
  await twoEvents('show');
  sender();
  await vi.waitFor(() => expect(received.length).toBe(4));
  const delivered = received.filter(r => r.answered === 200).map(r => r.sequence);
  expect(received.filter(r => r.answered === 500).map(r => r.sequence)).toEqual([1, 1]);
  expect(delivered).toEqual([1, 2]);
});

test('an event that is given up does not hold back the next one', async () => {
  relay();
  answers = Array.from({ length: 100 }, () => 500);
  sender({ limits: { ...quick, giveUpMs: 3_000 } });
  const streams = new StreamStore(redis);
  await streams.start('show', { profile: 'transcode', webhookUrls: [url] });
  await vi.waitFor(() => expect(received.length).toBeGreaterThan(5), 10_000);
  await streams.stop('show');
  await vi.waitFor(async () => expect(await queue.getFailedCount()).toBe(1), 10_000);
  answers = [];
  await vi.waitFor(() => expect(received.filter(r => r.answered === 200).map(r => r.sequence)).toEqual([2]), 10_000);
  const [given, next] = await deliveries('show');
  expect(given).toMatchObject({ sequence: 1, status: 'failed', answered: 500, answer: 'answered 500' });
  expect(given?.attempts).toBeGreaterThan(5);
  expect(next).toMatchObject({ sequence: 2, status: 'delivered', answered: 200, error: '' });
});

test('events of a time without relay are delivered once, whichever of two relays takes them', async () => {
  for (let i = 0; i < 20; i += 1) await twoEvents(`show-${i}`);
  const first = relay();
  relay();
  sender();
  await vi.waitFor(() => expect(received.length).toBeGreaterThan(10));
  await first.stop();
  await vi.waitFor(() => expect(received.length).toBe(40), 15_000);
  expect(new Set(received.map(r => r.id)).size).toBe(40);
});

test('a private address is refused at once, without a retry', async () => {
  relay();
  sender({ allowPrivate: false });
  await twoEvents('show', [url, url.replace('127.0.0.1', 'localhost')]);
  await vi.waitFor(async () => expect(await queue.getFailedCount()).toBe(4));
  const failed = await queue.getFailed();
  expect(failed.map(job => job.attemptsMade)).toEqual([1, 1, 1, 1]);
  expect(failed[0]?.failedReason).toMatch(/WEBHOOK_ALLOW_PRIVATE/);
  expect(received).toEqual([]);
});

test.each([true, false])('the SRT URL, which holds the key, is in jobs and bodies: %s', async srtUrl => {
  relay({ srtUrl });
  const streams = new StreamStore(redis);
  await streams.start('show', { profile: 'transcode', webhookUrls: [url] });
  await vi.waitFor(async () => expect(await redis.xlen(keys.outbox)).toBe(0), 10_000);
  const [job] = await queue.getJobs();
  expect(JSON.stringify(job?.data).includes('SrtUrl')).toBe(srtUrl);
});

/** Takes connections and never answers. */
async function deadReceiver(): Promise<string> {
  const sockets = new Set<Socket>();
  const dead = createTcpServer(socket => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>(resolve => dead.listen(0, '127.0.0.1', resolve));
  stops.push(async () => {
    for (const socket of sockets) socket.destroy();
    dead.close();
  });
  return `http://127.0.0.1:${(dead.address() as AddressInfo).port}/`;
}

test('receivers that never answer do not delay the events of others', async () => {
  const dead = await Promise.all(Array.from({ length: 10 }, deadReceiver));
  relay();
  sender();
  for (let i = 0; i < 60; i += 1) await twoEvents(`dead-${i}`, dead);
  const begun = performance.now();
  for (let i = 0; i < 10; i += 1) await twoEvents(`show-${i}`);
  await vi.waitFor(() => expect(received.filter(r => r.status === 'STOPPED')).toHaveLength(10), 10_000);
  // A sender waits 10 s for an answer.
  expect(performance.now() - begun).toBeLessThan(5_000);
});

test('a job that is none fails with the rule, and the next one is delivered', async () => {
  relay();
  sender();
  const bad = [{ url: 'no url' }, { url }, null, 'text', 7, { ['__proto__']: {}, url: ['http://a'] }];
  for (const data of bad) await queue.add('webhook', data as never);
  await vi.waitFor(async () => expect(await queue.getFailedCount()).toBe(bad.length), 10_000);
  for (const job of await queue.getFailed())
    expect(job).toMatchObject({ attemptsMade: 1, failedReason: expect.stringMatching(/payload is not that of a job/) });
  await twoEvents('show');
  await vi.waitFor(() => expect(received.map(r => r.sequence)).toEqual([1, 2]), 10_000);
});

test('an entry of the outbox that does not parse is skipped and counted; those behind it are relayed', async () => {
  const entries = new EntryParser();
  await redis.xadd(keys.outbox, '*', 'garbage', 'yes');
  await redis.xadd(keys.outbox, '*', 'streamId', 'show', 'seq', 'NaN', 'webhookUrls', '{');
  await twoEvents('show', ['http://', url]);
  relay({ entries });
  sender();
  await vi.waitFor(() => expect(received.map(r => r.sequence)).toEqual([1, 2]), 10_000);
  expect(await redis.xlen(keys.outbox)).toBe(0);
  expect(entries.counts().get('outbox entry')).toBe(2);
});

test('a receiver that answers 410 gets nothing more: its URL leaves the record, and the others are told so', async () => {
  relay();
  sender();
  const streams = new StreamStore(redis);
  await streams.start('show', { profile: 'transcode', webhookUrls: [url, `${url}&gone`] });
  await vi.waitFor(async () => expect((await streams.get('show'))?.webhookUrls).toEqual([url]), 10_000);
  expect((await streams.get('show'))?.endedWebhooks).toEqual([`${url}&gone`]);
  await streams.stop('show');
  await vi.waitFor(() => expect(received.filter(r => r.answered === 200)).toHaveLength(3), 10_000);
  expect(received.filter(r => r.answered === 200).map(r => `${r.status} ${r.reason}`)).toEqual([
    'INITIALISED created',
    'INITIALISED webhook_ended',
    'STOPPED user_stop',
  ]);
  expect(received.filter(r => r.answered === 410)).toHaveLength(1);
  const ended = (await deliveries('show')).filter(d => d.status === 'ended');
  expect(ended).toEqual([expect.objectContaining({ url: `${url}&gone`, answered: 410, attempts: 1, sequence: 1 })]);
});

test('events that wait behind one that is answered with 410 are ended with it', async () => {
  relay();
  await twoEvents('show');
  await vi.waitFor(async () => expect(await deliveries('show')).toHaveLength(2), 10_000);
  answers = [410];
  sender();
  await vi.waitFor(
    async () => expect((await deliveries('show')).map(d => d.status)).toEqual(['ended', 'ended']),
    10_000,
  );
  expect(received).toHaveLength(1);
  expect(await redis.keys(`${keys.webhooks}lane*`)).toEqual([]);
});

test('Retry-After is honoured', async () => {
  relay();
  answers = [503];
  headers = { 'retry-after': '2' };
  sender();
  const begun = performance.now();
  await twoEvents('show');
  await vi.waitFor(() => expect(received.filter(r => r.answered === 200)).toHaveLength(2), 10_000);
  expect(performance.now() - begun).toBeGreaterThan(1_900);
});

test('a job that was removed by hand does not stop its lane', async () => {
  relay({ healEveryMs: 100 });
  await twoEvents('show');
  await vi.waitFor(async () => expect(await queue.getJobCountByTypes('waiting', 'prioritized')).toBe(1), 10_000);
  for (const job of await queue.getJobs()) await job.remove();
  // As if the time had passed after which it is checked.
  for (const lane of await redis.zrange(`${keys.webhooks}lanes`, '0', '-1'))
    await redis.zadd(`${keys.webhooks}lanes`, '1', lane);
  sender();
  await vi.waitFor(() => expect(received.map(r => r.sequence)).toEqual([1, 2]), 10_000);
});

test('a failed job that is retried by hand is sent once more', async () => {
  relay();
  answers = Array.from({ length: 100 }, () => 500);
  sender({ limits: { ...quick, giveUpMs: 300 } });
  await twoEvents('show');
  await vi.waitFor(async () => expect(await queue.getFailedCount()).toBe(2), 10_000);
  answers = [];
  received = [];
  const failed = await queue.getFailed();
  for (const job of failed) await job.retry();
  await vi.waitFor(() => expect(received.map(r => r.sequence).toSorted()).toEqual([1, 2]), 10_000);
});

test('endpoints get the events of all streams that they want, and a URL gets an event once', async () => {
  const endpoints = new WebhookEndpoints(redis);
  await endpoints.create({ url, events: [], enabled: true });
  await endpoints.create({ url: `${url}&stops`, events: ['STOPPED'], enabled: true });
  await endpoints.create({ url: `${url}&off`, events: [], enabled: false });
  relay();
  sender();
  await twoEvents('show', [url]);
  await twoEvents('other', []);
  await vi.waitFor(() => expect(received).toHaveLength(6), 10_000);
  const got = async (id: string) => (await deliveries(id)).map(d => `${d.sequence} ${d.url.slice(url.length)}`);
  expect(await got('show')).toEqual(['1 ', '2 ', '2 &stops']);
  expect(await got('other')).toEqual(['1 ', '2 ', '2 &stops']);
});

test('a sender that stops gives back what it was sending, and another one sends it at once', async () => {
  relay();
  const dead = await deadReceiver();
  const first = sender();
  await twoEvents('show', [dead]);
  await vi.waitFor(async () => expect(await queue.getActiveCount()).toBe(1), 10_000);
  await first.stop();
  expect(await queue.getActiveCount()).toBe(0);
  sender();
  await vi.waitFor(async () => expect(await queue.getActiveCount()).toBe(1), 10_000);
});
