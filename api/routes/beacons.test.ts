import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { logIn } from '../testing/logIn.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

let server: TestRedis;
let redis: Redis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  // A test's own address stands for each of many viewers'.
  api = await startTestApi(server.url, { TRUSTED_PROXIES: 'loopback', ADMIN_PASSWORD: 'pass:word' });
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

let addresses = 0;
function nextAddress(): string {
  addresses += 1;
  return `10.0.${addresses >> 8}.${addresses & 255}`;
}

/** As navigator.sendBeacon sends it, each from an address of its own. */
const send = (id: string, body: unknown, from = nextAddress()) =>
  fetch(`${api.url}/watch/${id}/beacon`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain;charset=UTF-8', 'x-forwarded-for': from },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const beacon = { viewer: 4_000_000_000, stalls: 1, errors: 0, join_ms: 700 };

async function stream(id: string): Promise<void> {
  await api.ask('POST', '/v1/streams', { stream_id: id });
  await redis.hset(keys.stream(id), 'state', 'STREAMING');
}

describe('what viewers report', () => {
  test("is in the stream's figures, and in the metrics", async () => {
    await stream('show');
    for (const viewer of [1, 2, 2, 3]) expect((await send('show', { ...beacon, viewer })).status).toBe(204);
    const audience = async () => (await api.ask('GET', '/v1/streams/show/stats')).body.audience;
    await expect.poll(audience).toMatchObject({ viewers: 3, stalls_per_minute: 4, errors_per_minute: 0 });
    expect(await audience()).toMatchObject({ join_ms_p50: expect.any(Number) });
    const metrics = async () => (await fetch(`${api.url}/metrics`)).text();
    await expect.poll(metrics).toMatch(/^livetran_viewers\{?.*\}? 3$/m);
    const text = await metrics();
    expect(text).toMatch(/^livetran_viewer_stalls_per_minute\S* 4$/m);
    expect(text).toMatch(/^livetran_viewer_join_seconds\S* 0\.\d+$/m);
    expect(text).toMatch(/^livetran_viewer_beacons_total\{.*outcome="taken".*\} 4$/m);
  });

  test('is asked for by the state that the page reads', async () => {
    await stream('show');
    const state = await (await fetch(`${api.url}/watch/show/state`)).json();
    expect(state).toMatchObject({ beacon: { seconds: 15, share: 1 }, time: expect.any(Number) });
  });

  test('names nobody', async () => {
    await stream('show');
    await send('show', beacon, '192.0.2.77');
    await expect.poll(() => redis.exists(keys.audiences)).toBe(1);
    const values: string[] = [];
    for (const key of await redis.keys('*')) {
      values.push(key);
      if ((await redis.type(key)) === 'string') values.push(`${await redis.get(key)}`);
      if ((await redis.type(key)) === 'hash') values.push(JSON.stringify(await redis.hgetall(key)));
    }
    expect(values.join('\n')).not.toContain('192.0.2.77');
    expect(values.join('\n')).not.toContain(String(beacon.viewer));
  });
});

describe('hostile beacons', () => {
  test.each([
    ['no JSON', '{', 400],
    ['nothing', '', 400],
    ['a list', [], 400],
    ['a field of its own', { ...beacon, name: 'x' }, 400],
    ['a number that is none', { ...beacon, stalls: 'many' }, 400],
    ['less than nothing', { ...beacon, stalls: -1 }, 400],
    ['more than can be', { ...beacon, errors: 1e9 }, 400],
    ['a viewer beyond the numbers', { ...beacon, viewer: 2 ** 32 }, 400],
    ['a part of a viewer', { ...beacon, viewer: 0.5 }, 400],
    ['more than 1 kB', JSON.stringify(beacon).padEnd(1_025), 413],
  ])('%s is refused', async (_what, body, status) => {
    expect((await send('show', body)).status).toBe(status);
  });

  test('an id that cannot be, another method, and another site that asks first', async () => {
    expect((await send('a%2F..%2Fb', beacon)).status).toBe(404);
    expect((await fetch(`${api.url}/watch/show/beacon`)).status).toBe(405);
  });

  test('one address: 600 a minute', async () => {
    const statuses = new Map<number, number>();
    for (let i = 0; i < 650; i += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => send('show', beacon, '192.0.2.1')));
      for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect(Object.fromEntries(statuses)).toEqual({ 204: 600, 429: 50 });
  });

  test('10,000 from everywhere, half of them for streams that are not there, leave a few small keys that expire', async () => {
    await stream('show');
    const before = new Set(await redis.keys('*'));
    for (let i = 0; i < 10_000; i += 100) {
      const batch = Array.from({ length: 100 }, (_, k) => i + k);
      const answers = await Promise.all(
        batch.map(at => send(at % 2 ? 'show' : `false-${at}`, { ...beacon, viewer: (at * 2_654_435_761) % 2 ** 32 })),
      );
      expect(answers.every(({ status }) => status === 204)).toBe(true);
    }
    const viewers = async (): Promise<number> => {
      const { body } = await api.ask('GET', '/v1/streams/show/stats');
      return (body.audience as { viewers: number }).viewers;
    };
    await expect.poll(viewers).toBeGreaterThan(1_000);
    const made = (await redis.keys('*')).filter(name => !before.has(name));
    expect(made.filter(name => name.includes('false'))).toEqual([]);
    const bytes = await Promise.all(made.map(name => redis.memory('USAGE', name)));
    expect(bytes.reduce<number>((sum, size) => sum + Number(size), 0)).toBeLessThan(100_000);
    for (const name of made.filter(key => /audience|viewers/.test(key)))
      expect(await redis.ttl(name)).toBeGreaterThan(0);
  }, 120_000);

  test('while Redis is away they are lost, and nothing is held for it', async () => {
    const own = await startRedis();
    const other = await startTestApi(own.url);
    await own.stop();
    try {
      const url = `${other.url}/watch/show/beacon`;
      const body = JSON.stringify(beacon);
      const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(url, { method: 'POST', body })));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 204));
    } finally {
      await other.stop();
    }
  });
});

test("a person's session is neither needed nor used", async () => {
  await stream('show');
  const session = await logIn(api.url, 'admin', 'pass:word');
  const url = `${api.url}/watch/show/beacon`;
  const answer = await fetch(url, { method: 'POST', headers: session, body: JSON.stringify(beacon) });
  expect(answer.status).toBe(204);
});
