import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../redis/keys.ts';
import { startRedis, type TestRedis } from '../testing/startRedis.ts';
import { type PageQuery, StreamPages } from './streamPages.ts';
import { StreamStore } from './streamStore.ts';

let server: TestRedis;
let redis: Redis;
let store: StreamStore;
let pages: StreamPages;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = new StreamStore(redis);
  pages = new StreamPages(redis, store);
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const base = Date.now();

/** Starts a stream as if `at` ms after the first one. */
async function start(streamId: string, at: number, metadata?: Record<string, string>): Promise<void> {
  await store.start(streamId, { profile: 'transcode', webhookUrls: [], ...(metadata && { metadata }) });
  await redis.hset(keys.stream(streamId), 'createdAt', base + at);
  await redis.zadd(keys.index, base + at, streamId);
}

const ids = async (query: Partial<PageQuery> = {}) =>
  (await pages.page({ limit: 100, ...query })).records.map(({ streamId }) => streamId);

/** All pages, one after the other; `between` runs after each. */
async function walk(query: Partial<PageQuery>, between: () => Promise<void> = async () => undefined) {
  const seen: string[][] = [];
  let after: PageQuery['after'];
  do {
    const page = await pages.page({ limit: 2, ...query, after });
    seen.push(page.records.map(({ streamId }) => streamId));
    after = page.next;
    await between();
  } while (after);
  return seen;
}

test('the latest first, and no page after the last', async () => {
  for (const [i, id] of ['a', 'b', 'c', 'd'].entries()) await start(id, i);
  expect(await walk({})).toEqual([
    ['d', 'c'],
    ['b', 'a'],
  ]);
  expect(await walk({ limit: 3 })).toEqual([['d', 'c', 'b'], ['a']]);
  expect(await walk({ limit: 4 })).toEqual([['d', 'c', 'b', 'a']]);
  expect((await pages.page({ limit: 4 })).next).toBeUndefined();
});

test('none: one empty page', async () => {
  expect(await walk({})).toEqual([[]]);
});

test('streams of one moment are in the order of their ids, across pages', async () => {
  for (const id of ['b', 'A', 'c', 'a', '_']) await start(id, 0);
  expect(await walk({})).toEqual([['c', 'b'], ['a', '_'], ['A']]);
});

test('more of one moment than are read at a time', async () => {
  const all = Array.from({ length: 450 }, (_, i) => `s${String(i).padStart(3, '0')}`);
  await Promise.all(all.map(id => start(id, 0)));
  expect((await walk({ limit: 150 })).flat()).toEqual(all.toReversed());
});

test('pages stay right while streams are started, stopped and expire', async () => {
  for (const [i, id] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) await start(id, i);
  let count = 0;
  const seen = await walk({}, async () => {
    count += 1;
    await start(`new${count}`, 100 + count);
    await store.stop(`new${count}`);
    if (count === 1) await redis.del(keys.stream('c'));
  });
  expect(seen).toEqual([['f', 'e'], ['d', 'b'], ['a']]);
});

describe('filters', () => {
  beforeEach(async () => {
    for (const [i, id] of ['a', 'b', 'c', 'd', 'e'].entries()) await start(id, i);
    await redis.hset(keys.stream('b'), 'state', 'READY');
    for (const id of ['c', 'e']) await store.stop(id);
  });

  test.each<[string, Partial<PageQuery>, string[]]>([
    ['a state', { states: ['STOPPED'] }, ['e', 'c']],
    ['a state of those that run', { states: ['READY'] }, ['b']],
    ['two states', { states: ['READY', 'INITIALISED'] }, ['d', 'b', 'a']],
    ['two states, one of them STOPPED', { states: ['READY', 'STOPPED'] }, ['e', 'c', 'b']],
    ['from a time, which counts', { from: base + 2 }, ['e', 'd', 'c']],
    ['before a time, which does not', { before: base + 2 }, ['b', 'a']],
    ['between two times', { from: base + 1, before: base + 3 }, ['c', 'b']],
    [
      'between two times, of those that run',
      { from: base + 1, before: base + 4, states: ['READY', 'INITIALISED'] },
      ['d', 'b'],
    ],
    ['a time that no stream has', { from: base + 10 }, []],
  ])('%s', async (_name, query, expected) => {
    expect(await ids(query)).toEqual(expected);
    expect((await walk(query)).flat()).toEqual(expected);
  });
});

test('metadata: by name, and by name and value', async () => {
  await start('a', 0, { show: 'news', room: '1' });
  await start('b', 1, { show: 'sports' });
  await start('c', 2);
  expect(await ids({ metadata: { key: 'show' } })).toEqual(['b', 'a']);
  expect(await ids({ metadata: { key: 'show', value: 'news' } })).toEqual(['a']);
  expect(await ids({ metadata: { key: 'constructor' } })).toEqual([]);
});

test('a text in the id or in the title, whatever the case of its letters', async () => {
  for (const [i, id] of ['Evening-News', 'match', 'quiz'].entries()) await start(id, i);
  await redis.hset(keys.stream('quiz'), 'title', 'After the NEWS');
  expect(await ids({ text: 'news' })).toEqual(['quiz', 'Evening-News']);
  expect(await ids({ text: 'MATCH', states: ['STOPPED'] })).toEqual([]);
  expect(await ids({ text: 'h\nx' })).toEqual([]);
});

test('a stream that runs for longer than the index goes back comes last', async () => {
  for (const [i, id] of ['old', 'older', 'new', 'newer'].entries()) await start(id, i);
  await redis.zrem(keys.index, 'old', 'older');
  expect(await walk({ limit: 3 })).toEqual([['newer', 'new', 'older'], ['old']]);
  await store.stop('old');
  expect(await ids()).toEqual(['newer', 'new', 'older']);
});

test('a page ends after so many that do not match, and has a next one', async () => {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 2_500; i += 1) pipeline.zadd(keys.index, base + 10 + i, `gone${i}`);
  await pipeline.exec();
  await start('a', 0);
  const first = await pages.page({ limit: 10 });
  expect(first).toMatchObject({ records: [], next: { streamId: 'gone500' } });
  expect(await walk({ limit: 10 })).toEqual([[], ['a']]);
});
