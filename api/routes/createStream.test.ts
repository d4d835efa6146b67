import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { takeStream } from '../testing/takeStream.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

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

const create = (body?: object | string, headers?: Record<string, string>) =>
  api.ask('POST', '/v1/streams', body, headers);
/** A preference that no call knows: this one waits. */
const waiting = { prefer: 'wait=2' };

describe('POST /v1/streams', () => {
  test('shows all that it was given', async () => {
    const given = {
      ...{ stream_id: 'a', profile: 'ladder', latency: 'reduced', record: true, dvr: true, title: 'News' },
      ...{ metadata: { 'show.id': '7' }, webhook_urls: ['https://192.0.2.1/x', 'https://192.0.2.1/x'] },
      ...{ connect_timeout_seconds: 20, reconnect_timeout_seconds: 2.5, max_duration_seconds: 3_600 },
    };
    const other = await startTestApi(server.url, { WEBHOOK_ALLOW_PRIVATE: 'on' });
    try {
      const { status, body } = await other.ask('POST', '/v1/streams', { ...given, passphrase: 'ten bytes or more' });
      expect(status).toBe(201);
      expect(body).toMatchObject({ ...given, webhook_urls: ['https://192.0.2.1/x'], abr: true, encrypted: true });
      expect(JSON.stringify(body)).not.toContain('ten bytes');
    } finally {
      await other.stop();
    }
  });

  test.each([
    ['no body', undefined],
    ['an empty object', '{}'],
    ['null', { stream_id: null }],
  ])('makes an id: %s', async (_name, body) => {
    const first = await create(body);
    expect(first).toMatchObject({ status: 201, body: { stream_id: expect.stringMatching(/^[a-z2-9]{20}$/) } });
    expect(first.headers.get('location')).toBe(`/v1/streams/${first.body.stream_id}`);
    expect((await create(body)).body.stream_id).not.toBe(first.body.stream_id);
  });

  test('waits for the SRT URL', async () => {
    const asked = create({ stream_id: 'a' }, waiting);
    await takeStream(redis, 'a', { srtUrl: 'srt://host:20000?streamid=x' });
    expect(await asked).toMatchObject({
      status: 201,
      body: { state: 'READY', srt_url: 'srt://host:20000?streamid=x', ready_at: expect.any(String) },
    });
  });

  test('without a worker answers after 2 s, with the stream as it is', async () => {
    const begun = performance.now();
    expect(await create({ stream_id: 'a' }, waiting)).toMatchObject({ status: 201, body: { state: 'INITIALISED' } });
    expect(performance.now() - begun).toBeGreaterThan(1_900);
  });

  test('Prefer: respond-async does not wait', async () => {
    const begun = performance.now();
    const { headers } = await create({ stream_id: 'a' }, { prefer: 'handling=lenient, Respond-Async; wait=10' });
    expect(performance.now() - begun).toBeLessThan(1_500);
    expect(headers.get('preference-applied')).toBe('respond-async');
  });

  test('a stream that is stopped meanwhile ends the wait', async () => {
    const asked = create({ stream_id: 'a' }, waiting);
    await expect.poll(() => redis.exists(keys.stream('a')), { timeout: 10_000 }).toBe(1);
    await api.ask('DELETE', '/v1/streams/a');
    expect((await asked).body).toMatchObject({ state: 'STOPPED', reason: 'user_stop' });
  });

  const long = 'x'.repeat(257);
  test.each<[string, object, string, string]>([
    ['title', { title: long }, 'title', 'must have at most 256 characters'],
    ['metadata that is a list', { metadata: [] }, 'metadata', 'must be an object of strings'],
    ['metadata with a number', { metadata: { a: 1 } }, 'metadata.a', 'must be a string'],
    ['metadata with an odd name', { metadata: { 'a b': '' } }, 'metadata.a b', 'a name must be 1 to 64'],
    ['metadata of 4 kB', { metadata: { a: 'x'.repeat(4_090) } }, 'metadata', 'at most 4096 bytes together'],
    ['metadata of 4 kB in all', { title: 'xx', metadata: { a: 'é'.repeat(2_040) } }, 'metadata', 'at most 4096 bytes'],
    ['a latency', { latency: 'none' }, 'latency', 'must be standard, reduced or low'],
    ['a window of 0 s', { connect_timeout_seconds: 0 }, 'connect_timeout_seconds', 'must be a number from 1 to 86400'],
    ['a window that is a text', { reconnect_timeout_seconds: '5' }, 'reconnect_timeout_seconds', 'from 1 to 86400'],
    ['a duration of a year', { max_duration_seconds: 31_536_000 }, 'max_duration_seconds', 'from 1 to 2592000'],
    ['a short passphrase', { passphrase: 'short' }, 'passphrase', 'must have 10 to 79 bytes'],
  ])('refuses %s', async (_name, body, name, rule) => {
    expect(await create({ stream_id: 'a', ...body })).toMatchObject({
      status: 400,
      body: { code: 'body_invalid', errors: [{ name, rule: expect.stringContaining(rule) }] },
    });
    expect(await redis.exists(keys.stream('a'))).toBe(0);
  });

  test('a stream may have a __proto__ among its metadata, as any other name', async () => {
    const body = '{"stream_id":"a","metadata":{"__proto__":"x","constructor":"y"}}';
    const answer = await create(body);
    expect(answer).toMatchObject({ status: 201, body: { metadata: { constructor: 'y' } } });
    expect(Object.getPrototypeOf(answer.body.metadata)).toBe(Object.prototype);
  });
});

describe('Idempotency-Key', () => {
  const key = (name: string) => ({ 'idempotency-key': name });

  test('a repeated request gets the first answer, and starts nothing', async () => {
    const first = await create({ title: 'x' }, key('k1'));
    const id = String(first.body.stream_id);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    await api.ask('DELETE', `/v1/streams/${id}`);
    const second = await create({ title: 'x' }, key('k1'));
    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.headers.get('location')).toBe(`/v1/streams/${id}`);
    expect((await api.ask('GET', '/v1/streams')).body.data).toHaveLength(1);
  });

  test('is the same at the older address, with its envelope', async () => {
    const first = await create({}, key('k1'));
    const second = await api.ask('POST', '/api/streams', {}, key('k1'));
    expect(second.body).toEqual({ success: true, data: first.body });
  });

  test('with another body or path: 422', async () => {
    await create({ stream_id: 'a' }, key('k1'));
    const reused = { status: 422, body: { code: 'idempotency_key_reused' } };
    expect(await create({ stream_id: 'b' }, key('k1'))).toMatchObject(reused);
    expect(await api.ask('POST', '/v1/streams/a/complete', undefined, key('k1'))).toMatchObject(reused);
    expect(await redis.exists(keys.stream('b'))).toBe(0);
  });

  test('a request beside its twin: 409 with Retry-After, and one stream', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => create({}, { ...key('k1'), ...waiting })));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 409, 409, 409, 409]);
    const twin = answers.find(({ status }) => status === 409);
    expect(twin?.body).toMatchObject({ code: 'idempotency_key_in_use', retryable: true });
    expect(Number(twin?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await api.ask('GET', '/v1/streams')).body.data).toHaveLength(1);
  });

  test('an error is not kept: the key may be used again', async () => {
    await create({ stream_id: 'a' });
    expect((await create({ stream_id: 'a' }, key('k1'))).status).toBe(409);
    expect((await create({ stream_id: 'b' }, key('k1'))).status).toBe(201);
  });

  test('what a request made before its API died is found again by its repeat', async () => {
    const first = await create({ title: 'x' }, key('k1'));
    const [entry = ''] = await redis.keys(keys.idempotency('*'));
    // As it is when the process ends between the start and the answer.
    await redis.hdel(entry, 'reply');
    await redis.hset(entry, 'until', '1');
    const second = await create({ title: 'x' }, key('k1'));
    expect(second).toMatchObject({ status: 201, body: { stream_id: first.body.stream_id, run: first.body.run } });
    // But not another request's stream.
    expect(await create({ stream_id: first.body.stream_id }, key('k2'))).toMatchObject({ status: 409 });
  });

  test('is kept for a day', async () => {
    await create({}, key('k1'));
    const [entry = ''] = await redis.keys(keys.idempotency('*'));
    expect(await redis.ttl(entry)).toBeGreaterThan(86_390);
  });

  test.each(['x'.repeat(256), 'naïve', 'a\tb'])('refuses %.10s', async name => {
    const errors = [{ name: 'idempotency-key', rule: 'must be 1 to 255 printable ASCII characters' }];
    expect(await create({}, key(name))).toMatchObject({ status: 400, body: { code: 'parameter_invalid', errors } });
  });
});
