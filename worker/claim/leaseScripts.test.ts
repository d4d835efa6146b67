import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { type Acquired, LeaseScripts } from './leaseScripts.ts';

const TTL_MS = 8_000;

let server: TestRedis;
let redis: Redis;
let scripts: LeaseScripts;
let run: string;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  scripts = new LeaseScripts(redis);
});
beforeEach(async () => {
  await redis.flushall();
  run = await new StreamStore(redis).start('show', { profile: 'transcode', webhookUrls: [] });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const acquire = (owner: string) => scripts.acquire('show', run, owner, TTL_MS);
const tokenOf = (acquired: Acquired): string => (acquired.kind === 'taken' ? acquired.token : '');
const backdate = (field: string, ms: number) => redis.hincrby(keys.stream('show'), field, -ms);

test('a new stream has waited since its start', async () => {
  await backdate('createdAt', 1_500);
  const taken = await acquire('w1/1');
  expect(taken).toMatchObject({ kind: 'taken', how: 'created' });
  expect((taken as { vacantMs: number }).vacantMs).toBeGreaterThanOrEqual(1_500);
});

test('one that was handed over has waited since then', async () => {
  await backdate('createdAt', 60_000);
  await scripts.release({ streamId: 'show', run, token: tokenOf(await acquire('w1/1')) }, 'handed_over');
  await backdate('handedOver', 300);
  const taken = await acquire('w2/1');
  expect(taken).toMatchObject({ kind: 'taken', how: 'handed_over' });
  expect((taken as { vacantMs: number }).vacantMs).toBeGreaterThanOrEqual(300);
  expect((taken as { vacantMs: number }).vacantMs).toBeLessThan(60_000);
});

test('one whose owner fell silent has had none since its last renewal', async () => {
  await acquire('w1/1');
  await backdate('leaseUntil', TTL_MS + 700);
  const taken = await acquire('w2/1');
  expect(taken).toMatchObject({ kind: 'taken', how: 'worker_lost' });
  expect((taken as { vacantMs: number }).vacantMs).toBeGreaterThanOrEqual(TTL_MS + 700);
});

test('one whose owner was found dead has had none since then', async () => {
  await acquire('w1/1');
  expect(await scripts.forfeit('show', run, 'w1')).toBe(true);
  const taken = await acquire('w2/1');
  expect(taken).toMatchObject({ kind: 'taken', how: 'worker_lost' });
  expect((taken as { vacantMs: number }).vacantMs).toBeLessThan(TTL_MS);
});
