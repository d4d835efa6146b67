import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
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

/** An hour ago: the index goes back 72 h. */
const base = Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000;
const at = (seconds: number): string => new Date(base + seconds * 1_000).toISOString();
/** The same moment by the clock of another zone. */
const elsewhere = (seconds: number): string => at(3_600 + seconds).replace('Z', '%2B01:00');

/** Streams a, b, c ..., a second apart, the last one the latest. */
async function start(...ids: string[]): Promise<void> {
  for (const [i, id] of ids.entries()) {
    await api.ask('POST', '/v1/streams', { stream_id: id, metadata: { n: `${i}` } });
    await redis.hset(keys.stream(id), 'createdAt', base + i * 1_000);
    await redis.zadd(keys.index, 'XX', base + i * 1_000, id);
  }
}

async function list(query: string): Promise<{ ids: string[]; next: string | null }> {
  const { status, body } = await api.ask('GET', `/v1/streams${query}`);
  expect(status).toBe(200);
  const { data, next_cursor: next } = body as unknown as { data: { stream_id: string }[]; next_cursor: string | null };
  return { ids: data.map(stream => stream.stream_id), next };
}

describe('GET /v1/streams', () => {
  test('pages, while streams are started', async () => {
    await start('a', 'b', 'c', 'd', 'e');
    const first = await list('?limit=2');
    expect(first.ids).toEqual(['e', 'd']);
    await api.ask('POST', '/v1/streams', { stream_id: 'new' });
    const second = await list(`?limit=2&cursor=${first.next}`);
    expect(second.ids).toEqual(['c', 'b']);
    expect(await list(`?limit=2&cursor=${second.next}`)).toEqual({ ids: ['a'], next: null });
  });

  test.each([
    ['?state=STOPPED', ['b']],
    ['?search=B', ['b']],
    ['?search=none', []],
    ['?state=INITIALISED&state=STOPPED', ['c', 'b', 'a']],
    ['?state=READY', []],
    [`?created_after=${at(1)}`, ['c', 'b']],
    [`?created_after=${elsewhere(1)}`, ['c', 'b']],
    [`?created_before=${at(1)}`, ['a']],
    ['?metadata_key=n', ['c', 'b', 'a']],
    ['?metadata_key=n&metadata_value=2', ['c']],
    ['?metadata_key=m', []],
  ])('filters by %s', async (query, expected) => {
    await start('a', 'b', 'c');
    await api.ask('DELETE', '/v1/streams/b');
    expect(await list(query)).toEqual({ ids: expected, next: null });
  });

  test.each([
    ['?limit=0', 'limit', 'must be at least 1'],
    ['?limit=1001', 'limit', 'must be at most 1000'],
    ['?limit=x', 'limit', 'must be a whole number'],
    ['?limit=1.5', 'limit', 'must be a whole number'],
    ['?limit=1&limit=2', 'limit', 'must be a whole number'],
    ['?cursor=x', 'cursor', 'must be the next_cursor of an earlier page'],
    ['?cursor=W10', 'cursor', 'must be the next_cursor of an earlier page'],
    ['?state=live', 'state.0', 'must be INITIALISED, READY, STREAMING, STOPPED; repeat it for several'],
    ['?created_after=yesterday', 'created_after', 'must be a time as in 2026-11-25T12:00:00Z (RFC 3339)'],
    ['?created_before=1790000000', 'created_before', 'must be a time as in 2026-11-25T12:00:00Z (RFC 3339)'],
    ['?metadata_value=x', 'metadata_value', 'must come with metadata_key'],
    ['?metadata_key=a%20b', 'metadata_key', 'a name must be 1 to 64 of A-Z a-z 0-9 _ . -'],
  ])('refuses %s', async (query, name, rule) => {
    expect(await api.ask('GET', `/v1/streams${query}`)).toMatchObject({
      status: 400,
      body: { code: 'parameter_invalid', errors: [{ name, rule }] },
    });
  });
});
