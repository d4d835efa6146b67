import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { Admission } from './admission.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const once = (digest = randomBytes(12).toString('hex'), second = 1_790_000_000) => ({
  second,
  goodForMs: 300_000,
  digest,
});
const key = (quota: number) => ({ subject: 'key:a', quota });
const address = (quota: number) => ({ subject: 'address:192.0.2.1', quota });

describe('Admission', () => {
  test('one of two equal signatures is admitted, in one batch and over two processes', async () => {
    const [here, there] = [new Admission(redis), new Admission(redis)];
    const digest = randomBytes(12).toString('hex');
    const verdicts = await Promise.all([here, here, there].map(each => each.admit({ once: once(digest) })));
    expect(verdicts.map(({ outcome }) => outcome).sort()).toEqual(['admitted', 'replayed', 'replayed']);
    expect((await there.admit({ once: once() })).outcome).toBe('admitted');
  });

  test('used signatures are kept for as long as they are good, and a minute', async () => {
    const admission = new Admission(redis);
    await admission.admit({ once: once() });
    const left = await redis.pttl(keys.usedSignatures(1_790_000_000));
    expect(left).toBeGreaterThan(350_000);
    expect(left).toBeLessThanOrEqual(360_000);
  });

  test('a key gets its quota at once, and then what fills up', async () => {
    const admission = new Admission(redis);
    const ask = () => admission.admit({ key: key(600), address: address(6_000) });
    const verdicts = await Promise.all(Array.from({ length: 700 }, ask));
    const admitted = verdicts.filter(({ outcome }) => outcome === 'admitted').length;
    expect(admitted).toBeGreaterThanOrEqual(600);
    // Ten more a second; the two batches of 500 are not further apart than this.
    expect(admitted).toBeLessThan(650);
    expect(verdicts.at(-1)).toMatchObject({ outcome: 'key', key: { quota: 600, left: 0 }, address: { quota: 6_000 } });
    // What was refused for the key did not count for the address.
    expect(verdicts.at(-1)?.address?.left).toBeGreaterThan(5_300);
    expect(verdicts.at(-1)?.key?.nextInMs).toBeLessThanOrEqual(100);
    expect(admission.pastLimitFor('key:a')).toBeGreaterThan(0);
    await vi.waitFor(async () => expect((await ask()).outcome).toBe('admitted'));
  });

  test('the limit of an address is counted over its keys, and a refused request does not use its signature up', async () => {
    const admission = new Admission(redis);
    const [digest] = [randomBytes(12).toString('hex')];
    for (let n = 0; n < 2; n += 1)
      await admission.admit({ address: address(2), key: { subject: `key:${n}`, quota: 10 } });
    const refused = await admission.admit({ address: address(2), key: key(10), once: once(digest) });
    expect(refused).toMatchObject({ outcome: 'address', key: { left: 10 } });
    expect(refused.address?.nextInMs).toBeGreaterThan(20_000);
    await redis.del(keys.rateLimit('address:192.0.2.1'));
    expect((await admission.admit({ address: address(2), key: key(10), once: once(digest) })).outcome).toBe('admitted');
  });

  test('refused signatures count tenfold, and no more than empty the bucket', async () => {
    const admission = new Admission(redis);
    for (let n = 0; n < 20; n += 1) await admission.admit({ address: address(60), cost: 10 });
    const state = (await admission.admit({ address: address(60), key: key(10) })).address;
    expect(state).toMatchObject({ left: 0 });
    expect(state?.nextInMs).toBeLessThanOrEqual(1_000);
  });

  test('buckets expire when they are full again, and the version of the keys comes along', async () => {
    const admission = new Admission(redis);
    await redis.set(keys.apiKeysVersion, '7');
    expect(await admission.admit({ key: key(600) })).toMatchObject({ version: '7', key: { left: 599 } });
    expect(await redis.pttl(keys.rateLimit('key:a'))).toBeLessThanOrEqual(101);
  });

  test('a bucket of another type is replaced', async () => {
    await redis.hset(keys.rateLimit('key:a'), 'not', 'a bucket');
    expect((await new Admission(redis).admit({ key: key(600) })).outcome).toBe('admitted');
  });
});
