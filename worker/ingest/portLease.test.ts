import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { PortLeases } from './portLease.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

const open = (first = 20_000, last = 20_003, node = 'n1') => new PortLeases(redis, node, { first, last });
/** Lets a port's time pass, as Redis sees it. */
const expire = (port: number) => redis.zadd(keys.ports('n1'), 'XX', Date.now() - 1, String(port));
const holders = async () => {
  const { range: _range, ...held } = await redis.hgetall(keys.portHolders('n1'));
  return held;
};

describe('claim', () => {
  test('gives each holder another port until none is left, and says so', async () => {
    const leases = open();
    const ports = await Promise.all(['a', 'b', 'c', 'd'].map(holder => leases.claim({ holder })));
    expect(ports.toSorted()).toEqual([20_000, 20_001, 20_002, 20_003]);
    await expect(leases.claim({ holder: 'e' })).rejects.toMatchObject({
      code: 'ports_exhausted',
      message: expect.stringMatching(/SRT_PORTS 20000-20003 of node n1.*widen SRT_PORTS/),
    });
  });

  test('two workers of a node share the ports, two nodes do not', async () => {
    const [one, two, other] = [open(20_000, 20_000), open(20_000, 20_000), open(20_000, 20_000, 'n2')];
    await one.claim({ holder: 'a' });
    await expect(two.claim({ holder: 'b' })).rejects.toMatchObject({ code: 'ports_exhausted' });
    await expect(other.claim({ holder: 'b' })).resolves.toBe(20_000);
  });

  test('takes the port that has been free for longest', async () => {
    const leases = open(20_000, 20_001);
    const first = await leases.claim({ holder: 'a' });
    const second = await leases.claim({ holder: 'b' });
    await leases.release(second, 'b');
    await redis.zadd(keys.ports('n1'), Date.now() - 60_000, String(second));
    await leases.release(first, 'a');
    expect(await leases.claim({ holder: 'c' })).toBe(second);
    expect(await leases.claim({ holder: 'd' })).toBe(first);
  });

  test.each([
    ['free', async () => undefined, 20_002],
    ['held by somebody else', async () => open().claim({ holder: 'other', preferred: 20_002 }), 20_000],
    [
      'held by this holder, in a worker that died',
      async () => open().claim({ holder: 'a', preferred: 20_002 }),
      20_002,
    ],
    [
      'run out',
      async () => {
        await open().claim({ holder: 'other', preferred: 20_002 });
        await expire(20_002);
      },
      20_002,
    ],
    [
      'in quarantine',
      async () => {
        const leases = open();
        await leases.claim({ holder: 'a', preferred: 20_002 });
        await leases.quarantine(20_002, 'a');
      },
      20_000,
    ],
  ])('the preferred port is %s', async (_name, prepare, port) => {
    await prepare();
    expect(await open().claim({ holder: 'a', preferred: 20_002 })).toBe(port);
  });

  test('the next owner of a run gets its port, and the last one can neither renew nor give it back then', async () => {
    const leases = open();
    await leases.claim({ holder: 'live.run.1', preferred: 20_002 });
    expect(await open().claim({ holder: 'live.run.2', preferred: 20_002 })).toBe(20_002);
    expect(await leases.renew(20_002, 'live.run.1')).toBe(false);
    expect(await leases.release(20_002, 'live.run.1')).toBe(false);
    expect(await holders()).toEqual({ 20002: 'live.run.2' });
    // Another run of the same id, or an id that begins alike, is somebody else.
    expect(await leases.claim({ holder: 'live.run3.1', preferred: 20_002 })).not.toBe(20_002);
  });

  test('a preferred port outside the range is not given', async () => {
    expect(await open().claim({ holder: 'a', preferred: 1_024 })).toBe(20_000);
  });

  test('a quarantined port comes back when its time has passed', async () => {
    const leases = open(20_000, 20_000);
    await leases.claim({ holder: 'a' });
    await leases.quarantine(20_000, 'a');
    await expect(leases.claim({ holder: 'a' })).rejects.toMatchObject({ code: 'ports_exhausted' });
    await expire(20_000);
    await expect(leases.claim({ holder: 'a' })).resolves.toBe(20_000);
  });

  test('follows a changed range and leaves leases of the old one alone', async () => {
    const before = open(20_000, 20_002);
    await before.claim({ holder: 'old' });
    const after = open(20_002, 20_003);
    expect([await after.claim({ holder: 'a' }), await after.claim({ holder: 'b' })].toSorted()).toEqual([
      20_002, 20_003,
    ]);
    await expect(after.claim({ holder: 'c' })).rejects.toMatchObject({ code: 'ports_exhausted' });
    expect(await before.renew(20_000, 'old')).toBe(true);
    await before.release(20_000, 'old');
    await expect(after.claim({ holder: 'c' })).rejects.toMatchObject({ code: 'ports_exhausted' });
    expect(await redis.zrange(keys.ports('n1'), '0', '-1')).toEqual(['20002', '20003']);
  });
});

describe('renew and release', () => {
  test('a renewed lease lasts, one that is not renewed can be taken', async () => {
    const leases = open(20_000, 20_000);
    await leases.claim({ holder: 'a' });
    await expire(20_000);
    expect(await leases.renew(20_000, 'a')).toBe(true);
    await expect(open(20_000, 20_000).claim({ holder: 'b' })).rejects.toMatchObject({ code: 'ports_exhausted' });
    await expire(20_000);
    await expect(open(20_000, 20_000).claim({ holder: 'b' })).resolves.toBe(20_000);
  });

  test('a lease taken by another holder is not renewed, nor released', async () => {
    const leases = open(20_000, 20_000);
    await leases.claim({ holder: 'a' });
    await expire(20_000);
    await open(20_000, 20_000).claim({ holder: 'b' });
    expect(await leases.renew(20_000, 'a')).toBe(false);
    expect(await leases.release(20_000, 'a')).toBe(false);
    expect(await holders()).toEqual({ 20000: 'b' });
  });

  test('leases come back after Redis lost everything, and the range with the next claim', async () => {
    const leases = open(20_000, 20_001);
    const port = await leases.claim({ holder: 'a' });
    await redis.flushall();
    expect(await leases.renew(port, 'a')).toBe(true);
    expect(await holders()).toEqual({ [port]: 'a' });
    expect(await leases.claim({ holder: 'b' })).not.toBe(port);
    await expect(leases.claim({ holder: 'c' })).rejects.toMatchObject({ code: 'ports_exhausted' });
  });

  test('every script leaves both keys with an expiry, and release leaves no holder', async () => {
    const leases = open();
    const expiries = async () => [await redis.ttl(keys.ports('n1')), await redis.ttl(keys.portHolders('n1'))];
    const lasts = async () => {
      for (const seconds of await expiries()) expect(seconds).toBeGreaterThan(86_000);
      await redis.expire(keys.ports('n1'), 10);
      await redis.expire(keys.portHolders('n1'), 10);
    };
    const port = await leases.claim({ holder: 'a' });
    await lasts();
    await leases.renew(port, 'a');
    await lasts();
    expect(await leases.release(port, 'a')).toBe(true);
    await lasts();
    expect(await holders()).toEqual({});
    expect(await redis.keys('*')).toHaveLength(2);
  });
});
