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
import { OutboxRelay } from './outboxRelay.ts';
import { WebhookSender } from './webhookSender.ts';

const SECRET = 'secret-for-the-webhook-tests';
const log = silentLogger();

let server: TestRedis;
let redis: Redis;
let receiver: Server;
let url: string;
let answers: number[];
let received: { sequence: number; status: string; id: string; signed: boolean; answered: number }[];
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
    const answered = answers.shift() ?? 200;
    received.push({ sequence: event.Sequence, status: event.Status, id: event.EventId, signed, answered });
    response.writeHead(answered).end();
  });
  await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook?from=livetran`;
});
beforeEach(async () => {
  await redis.flushall();
  answers = [];
  received = [];
  // Quick retries; everything else as in production.
  queue = createQueue<WebhookJob>(queueNames.webhooks, redis, {
    ...webhookJobOptions,
    attempts: 3,
    backoff: { type: 'fixed', delay: 100 },
  });
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

function relay(options: { srtUrl?: boolean; entries?: EntryParser } = {}): OutboxRelay {
  const relaying = new OutboxRelay({ redis: createRedis(server.url, 'queue', log), queue, ...options, log });
  relaying.start();
  stops.push(() => relaying.stop());
  return relaying;
}

function sender(options: { allowPrivate?: boolean } = {}): void {
  const sending = new WebhookSender({
    redis,
    queue,
    secret: SECRET,
    allowPrivate: options.allowPrivate ?? true,
    log,
  });
  sending.start();
  stops.push(() => sending.stop());
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
  answers = [500, 500, 500];
  sender();
  await twoEvents('show');
  await vi.waitFor(() => expect(received.filter(r => r.answered === 200).map(r => r.sequence)).toEqual([2]));
  expect(await queue.getFailedCount()).toBe(1);
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
