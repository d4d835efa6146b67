import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { signRequest } from '../../common/signature.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { secret, startTestApi, type TestApi } from '../testing/testApi.ts';

let server: TestRedis;
let redis: Redis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('/api/streams', () => {
  test('starts, shows, lists and stops a stream', async () => {
    const created = await api.ask('POST', '/api/streams', { stream_id: 'a', abr: true, record: true });
    expect(created).toMatchObject({ status: 201, body: { success: true, data: { stream_id: 'a', abr: true } } });
    expect(created.headers.get('location')).toBe('/api/streams/a');
    await redis.hset(keys.stream('a'), { streamLink: 'https://cdn.example/a/a.m3u8', srtUrl: 'srt://x', node: 'n1' });

    expect((await api.ask('GET', '/api/streams/a')).body.data).toEqual({
      stream_id: 'a',
      run: expect.any(String),
      state: 'INITIALISED',
      reason: 'created',
      update: 'Stream created; waiting for a worker',
      stopping: false,
      profile: 'ladder',
      fallback: null,
      abr: true,
      encrypted: false,
      latency: 'standard',
      record: true,
      dvr: false,
      webhook_urls: [],
      ended_webhooks: [],
      title: null,
      metadata: {},
      connect_timeout_seconds: null,
      reconnect_timeout_seconds: null,
      max_duration_seconds: null,
      node: 'n1',
      worker: null,
      port: null,
      srt_url: 'srt://x',
      stream_link: 'https://cdn.example/a/a.m3u8',
      playback: { policy: 'public', hls: 'http://localhost:0/video/a/a_master.m3u8', low_latency: null },
      recording_link: null,
      last_refusal: null,
      last_error: null,
      encoder: null,
      input: null,
      renditions: [],
      health: null,
      stats: null,
      created_at: expect.stringMatching(ISO),
      ready_at: null,
      streaming_at: null,
      stopped_at: null,
      updated_at: expect.stringMatching(ISO),
    });

    const deleted = await api.ask('DELETE', '/api/streams/a');
    expect(deleted).toMatchObject({ status: 202, body: { data: { state: 'STOPPED', reason: 'user_stop' } } });
    expect((await api.ask('DELETE', '/api/streams/a')).status).toBe(202);
    expect((await api.ask('GET', '/api/streams')).body.data).toMatchObject([{ stream_id: 'a', state: 'STOPPED' }]);
  });

  test('shows the encoder that was refused last', async () => {
    await api.ask('POST', '/api/streams', { stream_id: 'a' });
    const refusal = { code: 1410, peer: '10.0.0.9:5000', message: 'the key is of another run', count: 3 };
    await redis.hset(keys.stream('a'), 'lastRefusal', JSON.stringify({ ...refusal, at: 1_790_000_000_000 }));
    expect((await api.ask('GET', '/api/streams/a')).body.data).toMatchObject({
      last_refusal: { ...refusal, at: '2026-09-21T14:13:20.000Z' },
    });
  });

  test('says that a running stream is being stopped', async () => {
    await api.ask('POST', '/api/streams', { stream_id: 'a' });
    await redis.hset(keys.stream('a'), { state: 'READY', owner: 'w' });
    expect((await api.ask('DELETE', '/api/streams/a')).body.data).toMatchObject({ state: 'READY', stopping: true });
  });

  test('lists the latest first, as many as asked for', async () => {
    for (const [i, id] of ['two', 'three', 'one'].entries()) {
      await api.ask('POST', '/api/streams', { stream_id: id });
      await redis.zadd(keys.index, 'XX', Date.now() + i * 1_000, id);
      await redis.hset(keys.stream(id), 'createdAt', Date.now() + i * 1_000);
    }
    const ids = async (path: string) =>
      ((await api.ask('GET', path)).body.data as { stream_id: string }[]).map(stream => stream.stream_id);
    expect(await ids('/api/streams')).toEqual(['one', 'three', 'two']);
    expect(await ids('/api/streams?limit=2')).toEqual(['one', 'three']);
  });

  test.each([
    ['GET', '/api/streams?limit=0', undefined, 400, 'limit: must be at least 1'],
    ['GET', '/api/streams?limit=x', undefined, 400, 'limit: must be a whole number'],
    ['GET', '/api/streams/nobody', undefined, 404, 'stream "nobody" does not exist'],
    ['DELETE', '/api/streams/nobody', undefined, 404, 'stream "nobody" does not exist'],
    ['GET', '/api/streams/a%2Fb', undefined, 400, 'stream_id must be 1 to 64'],
    ['POST', '/api/streams', { stream_id: '..' }, 400, 'stream_id must be 1 to 64'],
    ['PUT', '/api/streams', undefined, 405, 'use GET or POST'],
    ['POST', '/api/streams/a', undefined, 405, 'use GET or PATCH or DELETE'],
  ])('%s %s %s → %i', async (method, path, body, status, error) => {
    const answer = await api.ask(method, path, body);
    expect(answer).toMatchObject({ status, body: { success: false, error: expect.stringContaining(error) } });
  });
});

describe('its signature', () => {
  const path = '/api/streams?limit=5';
  const now = () => Math.floor(Date.now() / 1_000);
  const get = (signature: string | null) => api.call('GET', path, undefined, signature);
  const sign = (change: Partial<Parameters<typeof signRequest>[0]> = {}, by = secret) =>
    signRequest({ time: now(), method: 'GET', path, body: '', ...change }, by);

  test.each([
    ['the right one', () => sign(), 200],
    ['a time with a fraction', () => sign({ time: `${now()}.50` }), 200],
    ['a clock that is 290 s off', () => sign({ time: now() - 290 }), 200],
    ['none', () => null, 400],
    ["Livetran's form", () => 'ab'.repeat(32), 403],
    ['a time 310 s ago', () => sign({ time: now() - 310 }), 403],
    ['a time 310 s ahead', () => sign({ time: now() + 310 }), 403],
    ['another path', () => sign({ path: '/api/streams' }), 403],
    ['another method', () => sign({ method: 'POST' }), 403],
    ['another body', () => sign({ body: '{}' }), 403],
    ['another secret', () => sign({}, 'another secret altogether'), 403],
    ['a time moved after signing', () => sign().replace(/t=\d+/, `t=${now() + 1}`), 403],
    ['the time in another notation', () => sign({ time: '1e9' }), 403],
  ])('%s → %s', async (_name, make, status) => {
    expect((await get(make())).status).toBe(status);
  });

  test('is good once', async () => {
    const signature = sign();
    expect((await get(signature)).status).toBe(200);
    expect(await get(signature)).toMatchObject({
      status: 403,
      body: { error: expect.stringContaining('used before') },
    });
  });

  test('of a request that is used up expires, but not before its time is out of the window', async () => {
    await get(sign());
    const [key = ''] = await redis.keys('livetran:signatures:*');
    expect(await redis.ttl(key)).toBeGreaterThan(300 + 60 - 5);
  });

  test('of a refused request is not used up by an altered copy', async () => {
    const signature = sign();
    expect((await api.call('GET', '/api/streams?limit=6', undefined, signature)).status).toBe(403);
    expect((await get(signature)).status).toBe(200);
  });
});

describe('profile', () => {
  test('is stored and shown, with why its source is transcoded', async () => {
    const created = await api.ask('POST', '/api/streams', { stream_id: 'a', profile: 'ladder-source' });
    expect(created).toMatchObject({ status: 201, body: { data: { profile: 'ladder-source', abr: true } } });
    await redis.hset(keys.stream('a'), { fallback: 'gop_too_long' });
    expect((await api.ask('GET', '/api/streams/a')).body.data).toMatchObject({ fallback: 'gop_too_long' });
  });

  test('DEFAULT_PROFILE is that of a start without one', async () => {
    const other = await startTestApi(server.url, { DEFAULT_PROFILE: 'passthrough' });
    try {
      await other.ask('POST', '/api/streams', { stream_id: 'a' });
      await other.ask('POST', '/api/streams', { stream_id: 'b', abr: true });
      expect(await redis.hmget(keys.stream('a'), 'profile', 'abr')).toEqual(['passthrough', '0']);
      expect(await redis.hmget(keys.stream('b'), 'profile', 'abr')).toEqual(['ladder', '1']);
    } finally {
      await other.stop();
    }
  });
});
