import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { signRequest } from '../../common/signature.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

const configured = { id: 'from-config', secret: 'a secret of the file', scopes: ['streams:read'] };

let server: TestRedis;
let redis: Redis;
let api: TestApi;
let other: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  const API_KEYS = JSON.stringify([configured]);
  [api, other] = (await Promise.all([1, 2].map(() => startTestApi(server.url, { API_KEYS })))) as [TestApi, TestApi];
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await Promise.all([api.stop(), other.stop()]);
  redis.disconnect();
  await server.stop();
});

interface Made {
  id: string;
  secret: string;
}

async function make(body: object = { scopes: ['streams:read', 'streams:write'] }, on = api): Promise<Made> {
  const made = await on.ask('POST', '/v1/keys', body);
  expect(made.status).toBe(201);
  return made.body as unknown as Made;
}

describe('/v1/keys', () => {
  test('makes a key whose secret is in one answer alone, and not in Redis', async () => {
    const notAfter = new Date(Date.now() + 3_600_000).toISOString();
    const wanted = { id: 'app-1', scopes: ['streams:read'], not_after: notAfter, requests_per_minute: 600 };
    const { status, headers, body } = await api.ask('POST', '/v1/keys', wanted);
    const { secret, ...shown } = body as unknown as Made;
    expect(status).toBe(201);
    expect(headers.get('location')).toBe('/v1/keys/app-1');
    expect(shown).toEqual({
      ...wanted,
      ...{ max_streams: null, starts_per_minute: null, created_at: expect.any(String), source: 'api' },
    });
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const listed = await api.ask('GET', '/v1/keys');
    expect((listed.body.data as Made[]).map(({ id }) => id)).toEqual(['default', 'from-config', 'app-1']);
    expect(JSON.stringify(listed.body)).not.toContain(secret);
    for (const value of await redis.hvals(keys.apiKeys)) expect(value).not.toContain(secret);
  });

  test('a key works at once on every process, with its scopes alone', async () => {
    const key = await make({ scopes: ['streams:read'] });
    expect(key.id).toMatch(/^key_[0-9a-f]{16}$/);
    expect((await other.askAs(key, 'GET', '/v1/streams')).status).toBe(200);
    expect(await other.askAs(key, 'POST', '/v1/streams', { stream_id: 'a' })).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: expect.stringContaining('streams:write') },
    });
    expect((await other.askAs(key, 'GET', '/v1/keys')).status).toBe(403);
    expect((await other.askAs({ ...key, secret: 'another secret' }, 'GET', '/v1/streams')).body.code).toBe(
      'signature_invalid',
    );
  });

  test('a deleted key is refused by the next request, on every process', async () => {
    const key = await make();
    for (const each of [api, other]) expect((await each.askAs(key, 'GET', '/v1/streams')).status).toBe(200);
    expect((await api.ask('DELETE', `/v1/keys/${key.id}`)).status).toBe(204);
    for (const each of [other, api]) {
      expect((await each.askAs(key, 'GET', '/v1/streams')).body).toMatchObject({ status: 403, code: 'key_unknown' });
    }
    expect((await api.ask('DELETE', `/v1/keys/${key.id}`)).body.code).toBe('key_not_found');
  });

  test('a change that was not published is noticed by the next request', async () => {
    const key = await make();
    expect((await other.askAs(key, 'GET', '/v1/streams')).status).toBe(200);
    await redis.multi().hdel(keys.apiKeys, key.id).incr(keys.apiKeysVersion).exec();
    expect((await other.askAs(key, 'GET', '/v1/streams')).body.code).toBe('key_unknown');
  });

  test('an open event stream ends within a second when its key is deleted', async () => {
    const key = await make();
    await api.ask('POST', '/v1/streams', { stream_id: 'a' });
    const path = '/v1/streams/a/events';
    const signature = signRequest({ time: Date.now() / 1_000, method: 'GET', path, body: '' }, key.secret);
    const headers = { 'lt-signature': `k=${key.id},${signature}` };
    const [events] = (await once(get(`${other.url}${path}`, { headers }), 'response')) as [IncomingMessage];
    expect(events.statusCode).toBe(200);
    const ended = once(events.resume(), 'end');
    const begun = performance.now();
    await api.ask('DELETE', `/v1/keys/${key.id}`);
    await ended;
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  test('a key is refused after its time', async () => {
    const key = await make({ scopes: ['streams:read'], not_after: new Date(Date.now() - 1_000).toISOString() });
    expect((await api.askAs(key, 'GET', '/v1/streams')).body).toMatchObject({ status: 403, code: 'key_expired' });
  });

  test('a key of the configuration works, and is neither replaced nor deleted', async () => {
    expect((await api.askAs(configured, 'GET', '/v1/streams')).status).toBe(200);
    expect((await api.ask('DELETE', '/v1/keys/from-config')).body.code).toBe('key_configured');
    expect((await api.ask('DELETE', '/v1/keys/default')).body.code).toBe('key_configured');
    expect((await api.ask('POST', '/v1/keys', { id: 'default', scopes: ['admin'] })).body.code).toBe('key_exists');
  });

  test('an id is given once', async () => {
    await make({ id: 'app', scopes: ['admin'] });
    expect((await other.ask('POST', '/v1/keys', { id: 'app', scopes: ['admin'] })).body).toMatchObject({
      ...{ status: 409, code: 'key_exists' },
    });
  });

  test.each([
    [{}, 'body_invalid'],
    [{ scopes: [] }, 'body_invalid'],
    [{ scopes: ['everything'] }, 'body_invalid'],
    [{ scopes: ['admin'], id: 'a b' }, 'body_invalid'],
    [{ scopes: ['admin'], not_after: 'tomorrow' }, 'body_invalid'],
    [{ scopes: ['admin'], max_streams: 0 }, 'body_invalid'],
    [{ scopes: ['admin'], secret: 'a secret of my own' }, 'field_unknown'],
  ])('refuses %j', async (body, code) => {
    expect((await api.ask('POST', '/v1/keys', body)).body).toMatchObject({ status: 400, code });
  });

  test('a key in Redis that was given more scopes, or another id, does not open', async () => {
    const key = await make({ id: 'reader', scopes: ['streams:read'] });
    const text = (await redis.hget(keys.apiKeys, 'reader')) ?? '';
    await redis.hset(keys.apiKeys, {
      reader: text.replace('streams:read', 'admin'),
      copy: text,
      broken: '{',
    });
    await redis.incr(keys.apiKeysVersion);
    expect((await api.askAs(key, 'GET', '/v1/streams')).body.code).toBe('key_unknown');
    const { body } = await api.ask('GET', '/v1/keys');
    expect((body.data as Made[]).map(({ id }) => id)).toEqual(['default', 'from-config']);
  });
});

describe('the quota of a key', () => {
  const start = (key: Made, id: string, on = api) => on.askAs(key, 'POST', '/v1/streams', { stream_id: id });

  test('max_streams counts streams of this key that are not STOPPED, over all processes', async () => {
    const scopes = ['streams:write'];
    const [key, free] = [await make({ scopes, max_streams: 2 }), await make({ scopes })];
    expect((await start(key, 'a')).status).toBe(201);
    expect((await start(key, 'b', other)).status).toBe(201);
    expect((await start(free, 'c')).status).toBe(201);
    const refused = await start(key, 'd');
    expect(refused.body).toMatchObject({ status: 429, code: 'quota', detail: expect.stringContaining('max_streams') });
    expect((await start(free, 'e')).status).toBe(201);
    await api.askAs(key, 'DELETE', '/v1/streams/a');
    // The same id by another key does not count for the first one.
    expect((await start(free, 'a')).status).toBe(201);
    expect((await start(key, 'd')).status).toBe(201);
    expect((await start(key, 'f')).status).toBe(429);
  });

  test('starts_per_minute counts starts, and says when the next one may come', async () => {
    const key = await make({ scopes: ['streams:write'], starts_per_minute: 2 });
    expect((await start(key, 'a')).status).toBe(201);
    expect((await start(key, 'a')).body.code).toBe('stream_running');
    expect((await start(key, 'b', other)).status).toBe(201);
    const refused = await start(key, 'c');
    expect(refused.body).toMatchObject({ status: 429, code: 'quota' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(40);
    expect(await redis.pttl(keys.starts(key.id))).toBeLessThanOrEqual(60_000);
  });
});

test('a rotation under 100 requests a second loses none', async () => {
  const refused: unknown[] = [];
  let [key, done, count] = [await make(), false, 0];
  const load = async (): Promise<void> => {
    for (const beganAt = performance.now(); !done; count += 1) {
      await sleep(Math.max(0, beganAt + count * 10 - performance.now()));
      const [signer, on] = [key, count % 2 === 0 ? api : other];
      void on.askAs(signer, 'GET', '/v1/streams').then(({ status, body }) => status === 200 || refused.push(body));
    }
  };
  const loading = load();
  for (let round = 0; round < 5; round += 1) {
    await sleep(300);
    const old = key;
    key = await make(undefined, round % 2 === 0 ? other : api);
    // What was signed with the old key a moment ago is answered before that goes.
    await sleep(100);
    await api.ask('DELETE', `/v1/keys/${old.id}`);
  }
  done = true;
  await loading;
  await sleep(100);
  expect(refused).toEqual([]);
  expect(count).toBeGreaterThan(150);
});
