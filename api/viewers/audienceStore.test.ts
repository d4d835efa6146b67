import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { AudienceStore } from './audienceStore.ts';

let server: TestRedis;
let redis: Redis;
let store: AudienceStore;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = new AudienceStore(redis);
});
beforeEach(async () => {
  await redis.flushall();
  await redis.sadd(keys.live, 'show');
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** Numbers spread evenly, as those of pages are by chance. */
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => (i * 2_654_435_761) % 2 ** 32);
const beaconsOf = (viewers: readonly number[], stalls = 0) =>
  new Map([['show', viewers.map(viewer => ({ viewer, stalls, errors: 0 }))]]);

test('a viewer who reports twice is one viewer; stalls and join times add up', async () => {
  const beacon = { viewer: 7, stalls: 2, errors: 1 };
  await store.record(new Map([['show', [{ ...beacon, join_ms: 900 }, beacon, { viewer: 8, stalls: 0, errors: 0 }]]]));
  const audience = (await store.read()).get('show');
  expect(audience).toMatchObject({ viewers: 2, stallsPerMinute: 4, errorsPerMinute: 2, share: 1 });
  expect(audience?.joinMsP50).toBeGreaterThan(750);
  expect(audience?.joinMsP50).toBeLessThanOrEqual(1_000);
});

test('streams that do not run leave nothing', async () => {
  const beacon = { viewer: 7, stalls: 0, errors: 0 };
  const ids = Array.from({ length: 500 }, (_, i) => `false-${i}`);
  await store.record(new Map(ids.map(id => [id, [beacon]])));
  expect(await redis.keys('*')).toEqual([keys.live]);
});

test('everything expires', async () => {
  await store.record(beaconsOf(numbers(10), 1));
  const names = (await redis.keys('livetran:*')).filter(name => name !== keys.live);
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) expect(await redis.ttl(name)).toBeGreaterThan(0);
});

test('of a crowd a share is asked for, and the figures stay right', async () => {
  const viewers = numbers(20_000);
  // Away from the end of a window, so that all of the test lies in one.
  await expect.poll(async () => Number((await redis.time())[0]) % 20, { timeout: 15_000 }).toBeLessThan(15);
  await store.record(beaconsOf(viewers));
  // As if the next window had begun: what was counted is that of the one before.
  const windows = await redis.keys(`${keys.viewers('show')}:*`);
  const window = Number(windows.map(name => /:(\d+)$/.exec(name)?.[1]).find(Boolean));
  await redis.rename(`${keys.viewers('show')}:${window}`, `${keys.viewers('show')}:${window - 1}`);
  await redis.del(`${keys.viewers('show')}:${window}:level`);
  await store.record(beaconsOf(viewers, 1));
  const audience = (await store.read()).get('show');
  expect(audience?.share).toBe(1 / 32);
  expect(audience?.viewers).toBeGreaterThan(19_000);
  expect(audience?.viewers).toBeLessThan(21_000);
  expect(audience?.stallsPerMinute).toBeGreaterThan(18_000);
  expect(audience?.stallsPerMinute).toBeLessThan(22_000);
});
