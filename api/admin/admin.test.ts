import { request } from 'node:http';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { logIn, postLogin } from '../testing/logIn.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';
import { PasswordGuard } from './passwordGuard.ts';

let server: TestRedis;
let redis: Redis;
let queue: Queue;
let full: TestApi;
let readonly: TestApi;
/** Of an operator, at both. */
let session: { cookie: string };

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = new Queue('webhooks', { connection: redis });
});
beforeEach(async () => {
  await redis.flushall();
  full = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word', ADMIN_QUEUES: 'full' });
  readonly = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word' });
  session = await logIn(full.url, 'admin', 'pass:word');
});
afterEach(() => Promise.all([full.stop(), readonly.stop()]));
afterAll(async () => {
  await queue.close();
  redis.disconnect();
  await server.stop();
});

const job = JSON.stringify({ jobData: '{"url":"broken"}', jobOptions: '{}', jobName: 'webhook' });

/** fetch() sets Sec-Fetch-Site itself. */
function press(
  api: TestApi,
  headers: Record<string, string>,
  [method, path, body]: [string, string, string] = ['POST', '/admin/queues/api/queues/webhooks/add', job],
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const all = { ...session, 'content-length': Buffer.byteLength(body), ...headers };
    request(`${api.url}${path}`, { method, headers: all }, answer => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end(body);
  });
}

const json = { 'content-type': 'application/json' };

describe('a request that changes jobs', () => {
  test.each([
    ['from another site', { ...json, 'sec-fetch-site': 'cross-site' }, 403],
    ['from a sibling host', { ...json, 'sec-fetch-site': 'same-site' }, 403],
    ['from the address bar', { ...json, 'sec-fetch-site': 'none' }, 403],
    ['that does not say from where', json, 403],
    ['from an origin that is none', { ...json, origin: 'null' }, 403],
    ['from an origin that is another', { ...json, origin: 'https://evil.example' }, 403],
    ['from this origin as a form sends it', { 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' }, 403],
    ['from this origin without a type', { 'sec-fetch-site': 'same-origin' }, 403],
  ])('%s is refused', async (_name, headers: Record<string, string>, status) => {
    expect(await press(full, headers)).toBe(status);
    expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 0 });
  });

  test('of the page itself is carried out, in browsers with and without Sec-Fetch-Site', async () => {
    expect(await press(full, { ...json, 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await press(full, { ...json, origin: full.url })).toBe(200);
    expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 2 });
    const pause: [string, string, string] = ['PUT', '/admin/queues/api/queues/webhooks/pause', ''];
    expect(await press(full, { 'sec-fetch-site': 'same-origin' }, pause)).toBe(200);
    expect(await queue.isPaused()).toBe(true);
  });

  test.each([
    ['POST', '/admin/queues/api/queues/webhooks/add', job],
    ['PUT', '/admin/queues/api/queues/webhooks/pause', ''],
    ['PUT', '/admin/queues/api/queues/pause', ''],
    ['PUT', '/admin/queues/api/queues/webhooks/retry/failed', ''],
    ['PUT', '/admin/queues/api/queues/webhooks/clean/waiting', ''],
    ['PUT', '/admin/queues/api/queues/webhooks/empty', ''],
    ['PUT', '/admin/queues/api/queues/webhooks/obliterate', '{"force":true}'],
  ])('changes nothing on the board as it is by default: %s %s', async (method, path, body) => {
    await queue.add('webhook', {});
    await press(readonly, { ...json, 'sec-fetch-site': 'same-origin' }, [method, path, body]);
    expect(await queue.isPaused()).toBe(false);
    expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 1 });
  });
});

test('wrong passwords: ten in a minute, then 429 for the right one too, until the minute is over', async () => {
  const statuses: number[] = [];
  for (let i = 0; i < 15; i += 1) statuses.push((await postLogin(readonly.url, 'admin', `guess${i}`)).status);
  expect(statuses).toEqual([...Array(10).fill(401), ...Array(5).fill(429)]);
  const right = await postLogin(readonly.url, 'admin', 'pass:word');
  expect(right.status).toBe(429);
  expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(30);
  // Who is logged in already is not locked out.
  expect((await fetch(`${readonly.url}/admin/session`, { headers: session })).status).toBe(200);
});

describe('PasswordGuard', () => {
  const silent = pino({ level: 'silent' });

  test('opens again when the minute is over', () => {
    let now = 0;
    const guard = new PasswordGuard(silent, () => now);
    for (let i = 0; i < 12; i += 1) guard.failed('192.0.2.1');
    expect(guard.lockedFor('192.0.2.1')).toBe(60);
    expect(guard.lockedFor('192.0.2.2')).toBe(0);
    now = 60_000;
    expect(guard.lockedFor('192.0.2.1')).toBe(0);
    guard.failed('192.0.2.1');
    expect(guard.lockedFor('192.0.2.1')).toBe(0);
  });

  test('counts passwords that are being checked: no more are tried at a time than may be wrong', async () => {
    const guard = new PasswordGuard(silent);
    const wrong = Promise.withResolvers<undefined>();
    const tries = Array.from({ length: 10 }, () => guard.attempt('192.0.2.1', () => wrong.promise));
    expect(guard.lockedFor('192.0.2.1')).toBeGreaterThan(0);
    wrong.resolve(undefined);
    await Promise.all(tries);
    expect(guard.lockedFor('192.0.2.1')).toBe(60);
  });

  test('counts a network of IPv6 as one address', () => {
    const guard = new PasswordGuard(silent);
    for (let i = 0; i < 10; i += 1) guard.failed(`2001:db8:1:2:3:4:5:${i}`);
    expect(guard.lockedFor('2001:db8:1:2:9:9:9:9')).toBeGreaterThan(0);
    expect(guard.lockedFor('2001:db8:1:3:9:9:9:9')).toBe(0);
  });

  test('logs a flood as a line a second, with the count', async () => {
    const lines: { count: number }[] = [];
    const guard = new PasswordGuard(pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }));
    for (let i = 0; i < 1_700; i += 1) guard.failed('192.0.2.1');
    await expect.poll(() => lines.map(({ count }) => count), { timeout: 10_000 }).toEqual([1_700]);
  });
});
