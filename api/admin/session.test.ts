import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hashPassword } from '../../common/passwordHash.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { logIn, postLogin } from '../testing/logIn.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

let server: TestRedis;
let redis: Redis;
let users: string;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  users = `# the night shift\nanna:viewer:${await hashPassword('anna reads')}\n\nben:operator:${await hashPassword('ben acts')}\n`;
});
beforeEach(async () => {
  await redis.flushall();
  api = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word', ADMIN_USERS: users });
});
afterEach(() => api.stop());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const board = '/admin/queues/api/queues';
const status = async (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  (await fetch(`${api.url}${path}`, { method, headers, redirect: 'manual' })).status;

describe('POST /admin/session', () => {
  test.each([
    ['admin', 'pass:word', 'operator'],
    ['anna', 'anna reads', 'viewer'],
    ['ben', 'ben acts', 'operator'],
  ])('lets %s in', async (user, password, role) => {
    const answer = await postLogin(api.url, user, password);
    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({ user, role });
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^livetran=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  });

  test.each([
    ['a wrong password', 'anna', 'anna acts'],
    ["another user's password", 'anna', 'ben acts'],
    ['a user who does not exist', 'carl', 'anna reads'],
    ['nothing', '', ''],
  ])('refuses %s, with the same words', async (_name, user, password) => {
    const answer = await postLogin(api.url, user, password);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(await answer.text()).toContain('user or password is wrong');
  });

  test('refuses a form of another site', async () => {
    const body = JSON.stringify({ user: 'ben', password: 'ben acts' });
    const headers = { 'content-type': 'application/json', origin: 'https://evil.example' };
    expect((await fetch(`${api.url}/admin/session`, { method: 'POST', headers, body })).status).toBe(403);
  });
});

describe('a session', () => {
  test('opens the pages and bull-board; without one a person is led to the log-in, and a script gets 401', async () => {
    const session = await logIn(api.url, 'ben', 'ben acts');
    expect(await status(board, session)).toBe(200);
    expect(await status(board)).toBe(401);
    const page = await fetch(`${api.url}/admin`, { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect(page.status).toBe(303);
    expect(page.headers.get('location')).toBe('/admin/login?next=%2Fadmin');
    expect(await status('/admin/login')).toBe(200);
  });

  test('holds at every replica, and ends with the log-out at each of them', async () => {
    const other = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word', ADMIN_USERS: users });
    try {
      const session = await logIn(api.url, 'admin', 'pass:word');
      const seen = await fetch(`${other.url}/admin/session`, { headers: session });
      expect(await seen.json()).toEqual({ user: 'admin', role: 'operator', embed_origins: [] });
      const own = { ...session, origin: new URL(other.url).origin };
      expect((await fetch(`${other.url}/admin/session`, { method: 'DELETE', headers: own })).status).toBe(204);
      expect(await status('/admin/session', session)).toBe(401);
    } finally {
      await other.stop();
    }
  });

  test('ends when it is not used for ADMIN_SESSION_SECONDS, and with each use begins anew', async () => {
    const session = await logIn(api.url, 'anna', 'anna reads');
    const [key = ''] = await redis.keys('livetran:admin-session:*');
    await redis.expire(key, 5);
    expect(await status('/admin/session', session)).toBe(200);
    expect(await redis.ttl(key)).toBeGreaterThan(43_000);
    await redis.del(key);
    expect(await status('/admin/session', session)).toBe(401);
  });

  test('ends when its account goes or gets another password', async () => {
    const session = await logIn(api.url, 'anna', 'anna reads');
    const changed = `anna:viewer:${await hashPassword('anna anew')}`;
    for (const ADMIN_USERS of [changed, '# nobody']) {
      const other = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word', ADMIN_USERS });
      const answer = await fetch(`${other.url}/admin/session`, { headers: session });
      expect(answer.status).toBe(401);
      await other.stop();
    }
  });

  test('is not readable from what Redis holds', async () => {
    const { cookie } = await logIn(api.url, 'anna', 'anna reads');
    const [key = ''] = await redis.keys('livetran:admin-session:*');
    expect(`${key} ${await redis.get(key)}`).not.toContain(cookie.split('=')[1]);
  });

  test.each(['livetran=', 'livetran=x', `livetran=${'a'.repeat(43)}`, 'other=1', `livetran=${'a'.repeat(5_000)}`])(
    'is not the cookie %s',
    async cookie => {
      expect(await status('/admin/session', { cookie })).toBe(401);
    },
  );

  test('whose record is none is refused', async () => {
    const session = await logIn(api.url, 'anna', 'anna reads');
    const [key = ''] = await redis.keys('livetran:admin-session:*');
    await redis.set(key, 'garbage');
    expect(await status('/admin/session', session)).toBe(401);
  });
});

test('a viewer sees the queues and changes nothing, also where ADMIN_QUEUES=full', async () => {
  const full = await startTestApi(server.url, { ADMIN_USERS: users, ADMIN_QUEUES: 'full' });
  try {
    const press = async (user: string, password: string) => {
      const headers = { ...(await logIn(full.url, user, password)), origin: new URL(full.url).origin };
      return (await fetch(`${full.url}${board}/webhooks/pause`, { method: 'PUT', headers })).status;
    };
    expect(await press('anna', 'anna reads')).toBe(403);
    expect(await press('ben', 'ben acts')).toBe(200);
  } finally {
    await full.stop();
  }
});

describe('the resource API', () => {
  const send = async (method: string, path: string, headers: Record<string, string>, body?: object) => {
    const json = body && { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } };
    return (await fetch(`${api.url}${path}`, { method, headers, ...json })).status;
  };

  test('a session reads as a viewer, and changes things as an operator, from a page of this host', async () => {
    const own = { origin: new URL(api.url).origin };
    const viewer = { ...(await logIn(api.url, 'anna', 'anna reads')), ...own };
    const operator = { ...(await logIn(api.url, 'ben', 'ben acts')), ...own };
    expect(await send('GET', '/v1/streams', viewer)).toBe(200);
    expect(await send('GET', '/v1/stats', viewer)).toBe(200);
    expect(await send('POST', '/v1/streams', viewer, { stream_id: 'a' })).toBe(403);
    const foreign = { ...operator, origin: 'https://evil.example' };
    expect(await send('POST', '/v1/streams', foreign, { stream_id: 'a' })).toBe(403);
    expect(await send('POST', '/v1/streams', operator, { stream_id: 'a' })).toBe(201);
    expect(await send('DELETE', '/v1/streams/a', operator)).toBe(202);
  });

  test('a session that has ended is refused, and a signature needs none', async () => {
    expect(await send('GET', '/v1/streams', { cookie: `livetran=${'a'.repeat(43)}` })).toBe(401);
    expect((await api.ask('GET', '/v1/streams')).status).toBe(200);
  });
});
