import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { jobSchemas, type WebhookJob } from '../../common/redis/queues.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { WebhookDeliveries } from '../../common/webhooks/webhookDeliveries.ts';
import { type Ending, WebhookLanes } from './webhookLanes.ts';
import { webhookLimits } from './webhookLimits.ts';

let server: TestRedis;
let redis: Redis;
const limits = { ...webhookLimits, openMs: 300, longestMs: 600, pauseMs: 50, promptMs: 500 };
let lanes: WebhookLanes;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  lanes = new WebhookLanes(redis, limits);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const webhook = (host: string, stream: string, sequence = 1): WebhookJob =>
  jobSchemas.webhook.parse({
    ...{ url: `http://${host}/hook`, eventId: `${stream}-${sequence}`, streamId: stream, sequence },
    body: '{}',
  });

const many = (host: string, count: number): WebhookJob[] =>
  Array.from({ length: count }, (_, i) => webhook(host, `show-${i}`));

const end = (job: WebhookJob, outcome: Ending['outcome'], host: Ending['host'], tookMs = 10) =>
  lanes.finish(job, { outcome, host, tookMs, retryMs: 1_000, record: undefined }, { inLane: true });

/** Puts a first event into a lane and delivers it, in so many ms. */
async function deliver(host: string, stream: string, tookMs = 10): Promise<void> {
  const job = webhook(host, stream, 0);
  const { due } = await lanes.enqueue([job]);
  expect(due).toHaveLength(1);
  expect((await lanes.enter(job, true)).kind).toBe('send');
  await end(job, 'left', 'ok', tookMs);
}

test('a new host has a small share, a prompt one a large one, a slow one the small one', async () => {
  expect((await lanes.enqueue(many('new', 100))).due).toHaveLength(limits.share);
  await deliver('prompt', 'first');
  expect((await lanes.enqueue(many('prompt', 100))).due).toHaveLength(limits.prompt);
  await deliver('slow', 'first', 5_000);
  expect((await lanes.enqueue(many('slow', 100))).due).toHaveLength(limits.share);
});

test('a prompt host that is silent is no longer prompt, before the attempt is over', async () => {
  await deliver('a', 'first');
  const { due } = await lanes.enqueue([webhook('a', 'silent')]);
  expect(due[0]?.prompt).toBe(true);
  await lanes.enter(webhook('a', 'silent'), true);
  await vi.waitFor(async () => expect((await lanes.enter(webhook('a', 'other'), true)).prompt).toBe(false), 10_000);
});

test('what waits for a new host is called when its first answer comes; for a silent one nothing is', async () => {
  const jobs = many('a', 30);
  const { due } = await lanes.enqueue(jobs);
  const [first] = jobs.slice(0, limits.share);
  await lanes.enter(first as WebhookJob, true);
  const called = await end(first as WebhookJob, 'left', 'ok');
  expect(called.due).toHaveLength(jobs.length - due.length);
  expect(called.due.every(job => job.prompt && job.delay === 0 && !job.isThere)).toBe(true);
});

test('a lane has one job at a time, and the next one when the first has left', async () => {
  const [first, second] = [webhook('a', 'show', 1), webhook('a', 'show', 2)];
  const { due } = await lanes.enqueue([first, second]);
  expect(due.map(job => job.id)).toEqual([WebhookLanes.of(first).id]);
  expect((await lanes.enter(second, true)).kind).toBe('behind');
  expect((await lanes.enter(first, true)).kind).toBe('send');
  const ended = await end(first, 'left', 'ok');
  expect(ended.due.map(job => job.id)).toEqual([WebhookLanes.of(second).id]);
});

test('an event that is relayed again changes nothing', async () => {
  const job = webhook('a', 'show');
  await lanes.enqueue([job]);
  await lanes.enter(job, true);
  await end(job, 'left', 'ok');
  expect((await lanes.enqueue([job])).due).toEqual([]);
  expect(await redis.keys(`${keys.webhooks}lane*`)).toEqual([]);
});

test('the circuit opens after some silent attempts, lets one lane through after its time, and opens for longer', async () => {
  const jobs = many('a', 20);
  await lanes.enqueue(jobs);
  const begun = jobs.slice(0, limits.share);
  for (const job of begun) await lanes.enter(job, true);
  const ends = [];
  for (const job of begun) ends.push(await end(job, 'retry', 'silent'));
  expect(ends.map(({ opened }) => opened)).toEqual([false, false, true, false]);
  const probe = begun[2] as WebhookJob;
  expect(ends[2]?.probeMs).toBeGreaterThan(limits.openMs - 100);
  expect(ends.slice(2).flatMap(({ due }) => due)).toEqual([]);
  // Nothing else gets through: not what was tried, and not what is new.
  expect((await lanes.enter(begun[0] as WebhookJob, false)).kind).toBe('park');
  expect((await lanes.enqueue([webhook('a', 'newest')])).due).toEqual([]);
  const early = await lanes.enter(probe, false);
  expect(early.kind).toBe('park');
  expect(early.comeBackMs).toBeGreaterThan(0);
  await vi.waitFor(async () => expect((await lanes.enter(probe, false)).kind).toBe('send'), 10_000);
  expect((await lanes.enter(begun[1] as WebhookJob, false)).kind).toBe('park');
  const again = await end(probe, 'retry', 'silent');
  expect(again).toMatchObject({ opened: false, due: [] });
  expect(again.probeMs).toBeGreaterThan(limits.openMs);
});

test('an answer closes the circuit, whatever its status, and calls those that wait', async () => {
  const jobs = many('a', 20);
  await lanes.enqueue(jobs);
  const begun = jobs.slice(0, 3);
  for (const job of begun) await lanes.enter(job, true);
  const called: string[] = [];
  for (const job of begun) called.push(...(await end(job, 'retry', 'silent')).due.map(({ id }) => id));
  const probe = begun[2] as WebhookJob;
  // Those that had a place lose it: the last of the first ones, and two that were called before the circuit opened.
  const holders = jobs.filter((job, i) => i === 3 || called.includes(WebhookLanes.of(job).id));
  expect(holders).toHaveLength(3);
  for (const job of holders) expect((await lanes.enter(job, true)).kind).toBe('park');
  await vi.waitFor(async () => expect((await lanes.enter(probe, false)).kind).toBe('send'), 10_000);
  const { due } = await end(probe, 'retry', 'answered');
  expect(due).toHaveLength(limits.share);
  expect(due.every(job => job.delay === limits.pauseMs && !job.prompt)).toBe(true);
});

test('when the lane that tries an open circuit is given up, another one tries it', async () => {
  const jobs = many('a', 10);
  await lanes.enqueue(jobs);
  for (const job of jobs.slice(0, 3)) await lanes.enter(job, true);
  for (const job of jobs.slice(0, 3)) await end(job, 'retry', 'silent');
  const { due } = await end(jobs[2] as WebhookJob, 'left', '');
  expect(due).toHaveLength(1);
  expect(due[0]?.delay).toBeGreaterThan(0);
  const [next] = due;
  const other = jobs.find(job => WebhookLanes.of(job).id === next?.id) as WebhookJob;
  await vi.waitFor(async () => expect((await lanes.enter(other, true)).kind).toBe('send'), 10_000);
});

test('repeated attempts have a share of their own: they leave the places of a prompt host to first ones', async () => {
  await deliver('a', 'first');
  const tried = many('a', 30);
  await lanes.enqueue(tried);
  for (const job of tried) await lanes.enter(job, true);
  for (const job of tried.slice(0, 20)) await end(job, 'retry', 'answered');
  // 20 answers that are no 2xx: no longer prompt. One 2xx, and it is again.
  await end(tried[20] as WebhookJob, 'left', 'ok');
  const kinds = [];
  for (const job of tried.slice(0, 20)) kinds.push((await lanes.enter(job, false)).kind);
  expect(kinds.filter(kind => kind === 'send')).toHaveLength(limits.share);
  expect((await lanes.enqueue([webhook('a', 'fresh')])).due).toHaveLength(1);
});

test('a place whose worker died is free again', async () => {
  const brief = new WebhookLanes(redis, { ...limits, placeMs: 200, startMs: 0 });
  const jobs = many('a', limits.share + 1);
  await brief.enqueue(jobs);
  for (const job of jobs.slice(0, limits.share)) await brief.enter(job, true);
  const last = jobs.at(-1) as WebhookJob;
  await vi.waitFor(async () => expect((await brief.enter(last, true)).kind).toBe('send'), 10_000);
});

test('a key of another type does not hold back the events of others', async () => {
  await redis.set(`${keys.webhooks}lane:${WebhookLanes.of(webhook('a', 'bad')).lane}`, 'garbage');
  const { due, failed } = await lanes.enqueue([webhook('a', 'bad'), webhook('a', 'good')]);
  expect(failed).toEqual([{ job: webhook('a', 'bad'), problem: expect.stringContaining('WRONGTYPE') }]);
  expect(due.map(({ id }) => id)).toEqual([WebhookLanes.of(webhook('a', 'good')).id]);
});

test('deliveries that were made in one go are listed by their sequence, the newest first', async () => {
  await lanes.enqueue(Array.from({ length: 20 }, (_, i) => webhook('a', 'show', i + 1)));
  const listed = await new WebhookDeliveries(redis).list('show');
  expect(listed.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, i) => 20 - i));
});

test('the last 100 deliveries of a stream are kept', async () => {
  for (let n = 0; n < 120; n += 1) await lanes.enqueue([webhook('a', 'show', n)]);
  expect(await redis.hlen(keys.webhookDeliveries('show'))).toBe(100);
  expect(await redis.zcard(keys.webhookDeliveryOrder('show'))).toBe(100);
  expect(await redis.hexists(keys.webhookDeliveries('show'), WebhookLanes.of(webhook('a', 'show', 119)).id)).toBe(1);
});

test('every key expires', async () => {
  const jobs = many('a', 10);
  await lanes.enqueue(jobs);
  for (const job of jobs.slice(0, 3)) await lanes.enter(job, true);
  for (const job of jobs.slice(0, 3)) await end(job, 'retry', 'silent');
  for (const job of jobs.slice(0, 2)) await lanes.enter(job, false);
  const all = await redis.keys('*');
  expect(all.length).toBeGreaterThan(10);
  const forever = [];
  for (const key of all) if ((await redis.ttl(key)) < 0) forever.push(key);
  expect(forever).toEqual([]);
});
