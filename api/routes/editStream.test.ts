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
  api = await startTestApi(server.url, { WEBHOOK_ALLOW_PRIVATE: 'on' });
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

const metadata = { show: 'news', room: '1' };
const start = (more: object = {}) =>
  api.ask('POST', '/v1/streams', { stream_id: 'a', title: 'News', metadata, ...more });
const edit = (body: object | string) => api.ask('PATCH', '/v1/streams/a', body);

describe('PATCH /v1/streams/:stream_id', () => {
  test.each<[string, object, object]>([
    ['nothing', {}, { title: 'News', metadata }],
    ['the title', { title: 'Late news' }, { title: 'Late news', metadata }],
    ['no title', { title: null }, { title: null }],
    ['one name', { metadata: { room: '2' } }, { metadata: { show: 'news', room: '2' } }],
    ['a name away', { metadata: { room: null } }, { metadata: { show: 'news' } }],
    ['all metadata away', { metadata: null }, { metadata: {} }],
    ['no name', { metadata: {} }, { metadata }],
    ['webhooks', { webhook_urls: ['http://b/', 'http://b/'] }, { webhook_urls: ['http://b/'] }],
    ['no webhooks', { webhook_urls: null }, { webhook_urls: [] }],
    ['record', { record: true }, { record: true }],
  ])('changes %s', async (_name, change, expected) => {
    await start({ webhook_urls: ['http://a/'] });
    const answer = await edit(change);
    expect(answer).toMatchObject({ status: 200, body: expected });
    expect((await api.ask('GET', '/v1/streams/a')).body).toEqual(answer.body);
  });

  test('the next event goes to the new webhooks, also to one whose receiver had ended it', async () => {
    await start({ webhook_urls: ['http://a/'] });
    await redis.hset(keys.stream('a'), { webhookUrls: '[]', endedWebhooks: '["http://a/","http://b/"]' });
    await edit({ webhook_urls: ['http://a/'] });
    await api.ask('DELETE', '/v1/streams/a');
    const [, fields = []] = (await redis.xrange(keys.outbox, '-', '+')).at(-1) ?? [];
    expect(fields[fields.indexOf('webhookUrls') + 1]).toBe('["http://a/"]');
    expect(await redis.hget(keys.stream('a'), 'endedWebhooks')).toBe('["http://b/"]');
  });

  test('a STOPPED stream can still be named', async () => {
    await start();
    await api.ask('DELETE', '/v1/streams/a');
    const ttl = await redis.ttl(keys.stream('a'));
    expect(await edit({ title: 'Over' })).toMatchObject({ status: 200, body: { title: 'Over', state: 'STOPPED' } });
    expect(await redis.ttl(keys.stream('a'))).toBeGreaterThan(ttl - 10);
  });

  test('`record` is fixed once an encoder has connected', async () => {
    await start();
    await takeStream(redis, 'a', { streamingAt: String(Date.now()) });
    expect(await edit({ record: true, title: 'x' })).toMatchObject({ status: 409, body: { code: 'recording_fixed' } });
    // What it is already changes nothing.
    expect(await edit({ record: false, title: 'x' })).toMatchObject({ status: 200, body: { title: 'x' } });
  });

  test.each<[string, object | string, string, string]>([
    ['an unknown field', { state: 'STOPPED' }, 'field_unknown', '"state" is no field'],
    ['a profile', { profile: 'ladder' }, 'field_unknown', '"profile" is no field'],
    ['a record that is null', { record: null }, 'body_invalid', 'record: must be true or false'],
    ['metadata that grow too large', { metadata: { c: 'x'.repeat(4_080) } }, 'body_invalid', 'at most 4096 bytes'],
    ['a list', '[]', 'body_invalid', 'the body must be a JSON object'],
  ])('refuses %s', async (_name, body, code, detail) => {
    await start();
    expect(await edit(body)).toMatchObject({ status: 400, body: { code, detail: expect.stringContaining(detail) } });
    expect((await api.ask('GET', '/v1/streams/a')).body).toMatchObject({ title: 'News', metadata });
  });

  test('a stream that does not exist: 404', async () => {
    expect(await edit({ title: 'x' })).toMatchObject({ status: 404, body: { code: 'stream_not_found' } });
    expect(await redis.exists(keys.stream('a'))).toBe(0);
  });
});

describe('POST /v1/streams/:stream_id/complete', () => {
  test('requests the end at once', async () => {
    await start();
    await takeStream(redis, 'a', {});
    const answer = await api.ask('POST', '/v1/streams/a/complete');
    expect(answer).toMatchObject({ status: 202, body: { state: 'READY', stopping: true } });
    expect(await redis.hmget(keys.stream('a'), 'desired', 'stopReason')).toEqual(['stop', 'completed']);
  });

  test('without a worker the stream is STOPPED; twice is no error', async () => {
    await start();
    const stopped = { status: 202, body: { state: 'STOPPED', reason: 'completed', stopped_at: expect.any(String) } };
    expect(await api.ask('POST', '/v1/streams/a/complete')).toMatchObject(stopped);
    expect(await api.ask('POST', '/v1/streams/a/complete')).toMatchObject(stopped);
    expect((await api.ask('POST', '/v1/streams/b/complete')).status).toBe(404);
  });
});

describe('POST /v1/streams/:stream_id/key', () => {
  const rotate = (body?: object, headers?: Record<string, string>) =>
    api.ask('POST', '/v1/streams/a/key', body, headers);
  /** As the owner that makes the key. */
  const make = (generation: number) =>
    takeStream(redis, 'a', { srtUrl: `srt://h:1?key=${generation}`, urlGeneration: String(generation) });

  test('waits for the new SRT URL', async () => {
    await start();
    await make(0);
    const asked = rotate({}, { prefer: 'wait=2' });
    await expect.poll(() => redis.hget(keys.stream('a'), 'keyGeneration'), { timeout: 10_000 }).toBe('1');
    await make(1);
    expect(await asked).toMatchObject({ status: 200, body: { srt_url: 'srt://h:1?key=1' } });
    expect(await redis.hget(keys.stream('a'), 'keyFloor')).toBeNull();
  });

  test('without its worker: 202, and a revoked key is not shown', async () => {
    await start();
    await make(0);
    expect(await rotate()).toMatchObject({ status: 202, body: { srt_url: 'srt://h:1?key=0' } });
    expect(await rotate({ revoke: true })).toMatchObject({ status: 202, body: { srt_url: null } });
    expect(await redis.hmget(keys.stream('a'), 'keyGeneration', 'keyFloor')).toEqual(['2', '2']);
  });

  test('changes and removes the passphrase', async () => {
    await start({ passphrase: 'ten bytes or more' });
    expect((await rotate({ passphrase: 'another passphrase' })).body).toMatchObject({ encrypted: true });
    expect(await redis.hget(keys.stream('a'), 'passphrase')).toBe('another passphrase');
    expect((await rotate({})).body).toMatchObject({ encrypted: true });
    expect((await rotate({ passphrase: null })).body).toMatchObject({ encrypted: false });
  });

  test('a STOPPED stream has none: 409; one that does not exist: 404', async () => {
    expect((await rotate()).status).toBe(404);
    await start();
    await api.ask('DELETE', '/v1/streams/a');
    expect(await rotate()).toMatchObject({ status: 409, body: { code: 'stream_stopped' } });
  });
});
