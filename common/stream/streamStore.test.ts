import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys, RECORD_TTL_SECONDS } from '../redis/keys.ts';
import { startRedis, type TestRedis } from '../testing/startRedis.ts';
import { StreamStore } from './streamStore.ts';

let server: TestRedis;
let redis: Redis;
let store: StreamStore;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = new StreamStore(redis);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const options = { profile: 'ladder', webhookUrls: ['https://a.example/hook'] } as const;
/** What a worker does: it takes the stream and says so. */
const take = (id: string, state: string) => redis.hset(keys.stream(id), { owner: 'worker-1', token: '5', state });

async function events(): Promise<Record<string, string>[]> {
  const entries = await redis.xrange(keys.outbox, '-', '+');
  return entries.map(([, fields]) =>
    Object.fromEntries(fields.flatMap((name, i) => (i % 2 === 0 ? [[name, fields[i + 1] ?? '']] : []))),
  );
}

describe('start', () => {
  test('creates the record and its event', async () => {
    const begun = Date.now();
    const run = await store.start('a', options);
    const record = await store.get('a');
    expect(record).toMatchObject({
      streamId: 'a',
      run,
      state: 'INITIALISED',
      reason: 'created',
      desired: 'run',
      profile: 'ladder',
      abr: true,
      fallback: '',
      webhookUrls: options.webhookUrls,
      seq: 1,
    });
    expect(Math.abs((record?.createdAt ?? 0) - begun)).toBeLessThan(1_000);
    expect(await events()).toMatchObject([
      { streamId: 'a', seq: '1', run, state: 'INITIALISED', reason: 'created', update: record?.update },
    ]);
    expect(await redis.ttl(keys.stream('a'))).toBe(-1);
  });

  test.each(['INITIALISED', 'READY', 'STREAMING'])('refuses while the stream is %s', async state => {
    const run = await store.start('a', options);
    await redis.hset(keys.stream('a'), 'state', state);
    await expect(store.start('a', options)).rejects.toMatchObject({
      code: 'stream_running',
      message: expect.stringContaining(state),
    });
    expect((await store.get('a'))?.run).toBe(run);
    expect(await events()).toHaveLength(1);
  });

  test('of ten at once, one wins', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => store.start('a', options)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await events()).toHaveLength(1);
  });

  test('after STOPPED starts again: token and event sequence go on, nothing else is left', async () => {
    const first = await store.start('a', options);
    await redis.hset(keys.stream('a'), {
      ...{ streamLink: 'x', srtUrl: 'y', port: '1', token: '77', keyAccepted: '1', fallback: 'no_idr' },
    });
    await store.stop('a');
    const second = await store.start('a', { profile: 'transcode', webhookUrls: [] });
    expect(second).not.toBe(first);
    const hash = await redis.hgetall(keys.stream('a'));
    expect(hash).toMatchObject({ run: second, state: 'INITIALISED', desired: 'run', abr: '0', token: '77', seq: '3' });
    for (const field of ['streamLink', 'srtUrl', 'port', 'keyAccepted', 'stopReason', 'fallback'])
      expect(hash).not.toHaveProperty(field);
    // The stopped run's record was to expire; the new one must not.
    expect(await redis.ttl(keys.stream('a'))).toBe(-1);
  });
});

describe('stop', () => {
  test('ends a stream that no worker holds, and lets its record expire', async () => {
    await store.start('a', options);
    expect(await store.stop('a')).toBe('stopped');
    expect(await store.get('a')).toMatchObject({ state: 'STOPPED', reason: 'user_stop' });
    expect(await redis.ttl(keys.stream('a'))).toBeGreaterThan(RECORD_TTL_SECONDS - 10);
    expect(await redis.smembers(keys.live)).toEqual([]);
    expect((await events()).at(-1)).toMatchObject({ seq: '2', state: 'STOPPED', reason: 'user_stop' });
  });

  test.each(['INITIALISED', 'READY', 'STREAMING'])('only wishes and wakes when a worker holds it (%s)', async state => {
    await store.start('a', options);
    await take('a', state);
    const subscriber = new Redis(server.url);
    await subscriber.subscribe(keys.wakeChannel);
    const woken = new Promise(resolve => subscriber.once('message', (_channel, id) => resolve(id)));
    expect(await store.stop('a')).toBe('stopping');
    expect(await woken).toBe('a');
    subscriber.disconnect();
    expect(await store.get('a')).toMatchObject({ state, desired: 'stop' });
    expect(await redis.hget(keys.stream('a'), 'stopReason')).toBe('user_stop');
    expect(await events()).toHaveLength(1);
    expect(await store.stop('a')).toBe('stopping');
  });

  test('refuses what is unknown or has stopped', async () => {
    await expect(store.stop('a')).rejects.toMatchObject({
      code: 'stream_not_found',
      message: 'stream "a" is not running',
    });
    await store.start('a', options);
    await store.stop('a');
    await expect(store.stop('a')).rejects.toMatchObject({ code: 'stream_not_found' });
    expect(await redis.exists(keys.stream('unknown'))).toBe(0);
  });
});

describe('rotateKey', () => {
  const secret = 'ten bytes or more';

  test('asks the owner for a new key, without an event of its own', async () => {
    const run = await store.start('a', { ...options, latency: 'reduced', passphrase: secret });
    await take('a', 'STREAMING');
    const subscriber = new Redis(server.url);
    await subscriber.subscribe(keys.wakeChannel);
    const woken = new Promise(resolve => subscriber.once('message', (_channel, id) => resolve(id)));
    expect(await store.get('a')).toMatchObject({
      latency: 'reduced',
      keyGeneration: 0,
      keyFloor: 0,
      passphrase: secret,
    });
    expect(await store.rotateKey('a')).toEqual({ run, generation: 1 });
    expect(await woken).toBe('a');
    subscriber.disconnect();
    expect(await store.get('a')).toMatchObject({ keyGeneration: 1, keyFloor: 0, urlGeneration: 0, passphrase: secret });
    expect(await store.rotateKey('a', { revoke: true })).toEqual({ run, generation: 2 });
    expect(await store.get('a')).toMatchObject({ keyGeneration: 2, keyFloor: 2, passphrase: secret });
    expect(await events()).toHaveLength(1);
  });

  test('replaces the passphrase, and removes it', async () => {
    await store.start('a', options);
    await store.rotateKey('a', { passphrase: secret });
    expect(await store.get('a')).toMatchObject({ keyGeneration: 1, keyFloor: 0, passphrase: secret });
    await store.rotateKey('a', { passphrase: null, revoke: true });
    expect((await store.get('a'))?.passphrase).toBeUndefined();
  });

  test('refuses what is unknown or has stopped; a new run has neither generations nor passphrase', async () => {
    await expect(store.rotateKey('a')).rejects.toMatchObject({ code: 'stream_not_found' });
    await store.start('a', { ...options, passphrase: secret });
    await store.rotateKey('a', { revoke: true });
    await store.stop('a');
    await expect(store.rotateKey('a')).rejects.toMatchObject({ code: 'stream_not_found' });
    await store.start('a', options);
    const record = await store.get('a');
    expect(record).toMatchObject({ keyGeneration: 0, keyFloor: 0, latency: 'standard' });
    expect(record?.passphrase).toBeUndefined();
  });
});

describe('reading', () => {
  test('an unknown stream is undefined', async () => {
    expect(await store.get('a')).toBeUndefined();
    expect(await store.live()).toEqual([]);
  });

  test('counts by state, STOPPED ones left out', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await store.start(id, options);
    await take('b', 'READY');
    await take('c', 'READY');
    await store.stop('d');
    expect(await store.counts()).toEqual({ INITIALISED: 1, READY: 2, STREAMING: 0 });
    expect((await store.live()).map(({ streamId }) => streamId).sort()).toEqual(['a', 'b', 'c']);
  });

  test('the index is trimmed as it grows', async () => {
    await redis.zadd(keys.index, 1, 'ancient');
    await store.start('a', options);
    expect(await redis.zrange(keys.index, '0', '-1')).toEqual(['a']);
  });

  test('a broken answer is an error, not an empty list', async () => {
    await store.start('a', options);
    await redis.acl('SETUSER', 'default', '-hgetall', '-hget');
    try {
      await expect(store.read(['a'])).rejects.toThrow('NOPERM');
      await expect(store.counts()).rejects.toThrow('NOPERM');
    } finally {
      await redis.acl('SETUSER', 'default', '+@all');
    }
  });

  test('a record that does not parse, or is none, does not hide the others', async () => {
    for (const id of ['a', 'bad', 'none']) await store.start(id, options);
    await redis.hset(keys.stream('bad'), 'state', 'SPINNING');
    await redis.set(keys.stream('none'), 'no hash');
    expect((await store.read(['a', 'bad', 'none'])).map(({ streamId }) => streamId)).toEqual(['a']);
    expect((await store.live()).map(({ streamId }) => streamId)).toEqual(['a']);
    expect(await store.counts()).toMatchObject({ INITIALISED: 1 });
  });
});

describe('options and edits', () => {
  const more = {
    ...{ title: 'News', metadata: { show: 'news' }, connectTimeoutSeconds: 20, reconnectTimeoutSeconds: 5.5 },
    ...{ maxDurationSeconds: 60, startedBy: 'abc' },
  };

  test('a record keeps what a start says, and nothing of the run before', async () => {
    await store.start('a', { ...options, ...more });
    expect(await store.get('a')).toMatchObject(more);
    await store.stop('a');
    await store.start('a', options);
    const record = await store.get('a');
    expect(record).toMatchObject({ title: '', metadata: {}, edits: 0 });
    expect(record).not.toHaveProperty('maxDurationSeconds');
  });

  test('an edit changes fields, and deletes those that are empty', async () => {
    await store.start('a', { ...options, ...more });
    await store.edit('a', ({ title }) => ({ title: `${title}!`, metadata: '' }));
    expect(await store.get('a')).toMatchObject({ title: 'News!', metadata: {}, edits: 1 });
    await expect(store.edit('b', () => ({}))).rejects.toMatchObject({ code: 'stream_not_found' });
  });

  test('edits at the same moment are all made', async () => {
    await store.start('a', options);
    const edit = (i: number) =>
      store.edit('a', ({ metadata }) => ({ metadata: JSON.stringify({ ...metadata, [`k${i}`]: 'x' }) }));
    await Promise.all(Array.from({ length: 8 }, (_, i) => edit(i)));
    expect(Object.keys((await store.get('a'))?.metadata ?? {})).toHaveLength(8);
  });

  test('a record keeps when it first was in a state', async () => {
    await store.start('a', options);
    await store.stop('a');
    const record = await store.get('a');
    expect(record?.stoppedAt).toBe(record?.updatedAt);
    expect(record).not.toHaveProperty('readyAt');
    await store.start('a', options);
    expect(await store.get('a')).not.toHaveProperty('stoppedAt');
  });
});
