import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Rendition } from '../../../common/config/encoding.ts';
import { createRedis } from '../../../common/redis/createRedis.ts';
import { keys as redisKeys } from '../../../common/redis/keys.ts';
import { createQueue, queueNames, type RecordingJob, type RetentionJob } from '../../../common/redis/queues.ts';
import { StreamStore } from '../../../common/stream/streamStore.ts';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../../common/testing/startRedis.ts';
import { LeaseScripts } from '../../claim/leaseScripts.ts';
import { HlsOutput } from '../hlsOutput.ts';
import type { HlsOutputOptions } from '../hlsOutputContract.ts';
import { parseMediaPlaylist } from '../playlist/parseMediaPlaylist.ts';
import { segmentNumber } from '../playlist/streamFiles.ts';
import type { Spool } from '../spool/spool.ts';
import { encodeSegments } from '../testing/encodeSegments.ts';
import type { HookedStore } from '../testing/hookedStore.ts';
import { publishingRoom } from '../testing/publishingRoom.ts';
import type { Uploads } from '../uploads/uploads.ts';
import { PurgeFence } from './purgeFence.ts';
import { RetentionQueue } from './retentionQueue.ts';

// Real processes on a machine that others use too.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const log = silentLogger();
const renditions: Rendition[] = [{ width: 320, height: 180, video: 500, audio: 64 }];

let server: TestRedis;
let redis: Redis;
let store: HookedStore;
let spool: Spool;
let uploads: Uploads;
let streams: StreamStore;
let leases: LeaseScripts;
let retired: RetentionJob[];
let run: string;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  streams = new StreamStore(redis);
  leases = new LeaseScripts(redis);
});
beforeEach(async () => {
  await redis.flushall();
  const room = await publishingRoom(server.url, 1);
  ({ store, spool, uploads } = room);
  retired = [];
  stops.push(() => room.close());
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function publish(token: string, options: Partial<HlsOutputOptions>): Promise<HlsOutput> {
  const deps = { store, fences: true, uploads, spool, redis, playlistIntervalMs: 20, log };
  const output = await HlsOutput.open(
    { ...deps, retire: async job => void retired.push(job) },
    { streamId: 'show', run, token, abr: false, renditions, segmentSeconds: 1, window: 3, ...options },
    { onPlayable: () => undefined, onFault: () => undefined, onFenced: () => undefined },
  );
  stops.push(() => output.abandon());
  return output;
}

/** One FFmpeg process's worth of stream, in segments of half a second. */
async function stream(output: HlsOutput, seconds: number): Promise<void> {
  await encodeSegments({
    epoch: await output.openEpoch(Date.now(), { followsSource: false, renditions: [0] }),
    seconds,
    segmentSeconds: 0.5,
  });
}

const newRun = () => streams.start('show', { profile: 'transcode', webhookUrls: [] });

/** A run of segments 0 to 3 that has ended. */
async function ended(options: Partial<HlsOutputOptions> = {}): Promise<void> {
  run = await newRun();
  const output = await publish('100', { run, ...options });
  await stream(output, 1.6);
  await output.finish();
}

/** A new run of the stream that its worker has taken, and that has published nothing yet. */
async function takenOver(token: string): Promise<HlsOutput> {
  const next = await newRun();
  await vi.waitFor(
    async () => expect(await leases.acquire('show', next, 'owner', 60_000)).toMatchObject({ kind: 'taken' }),
    { timeout: 20_000, interval: 20 },
  );
  return publish(token, { run: next });
}

/** A worker of the cluster, with so little to keep that its time has come at once. */
async function purge(): Promise<void> {
  const connection = createRedis(server.url, 'queue', log);
  const queue = new RetentionQueue({ connection, redis, store, streams, retainMs: 1, log });
  stops.push(async () => {
    await queue.stop();
    connection.disconnect();
  });
  for (const job of retired) await queue.schedule(job);
  queue.start();
}

const purged = () =>
  vi.waitFor(async () => expect(await redis.keys('bull:retention:show*')).toEqual([]), { timeout: 20_000 });

async function listed(key: string): Promise<(number | undefined)[]> {
  const text = (await store.get(key))?.body.toString() ?? '';
  return parseMediaPlaylist(text)?.segments.map(({ uri }) => segmentNumber(uri)) ?? [];
}

async function keys(prefix = 'show/'): Promise<string[]> {
  const found: string[] = [];
  for await (const key of store.list(prefix)) found.push(key);
  return found;
}

describe('a run that is not used any more', () => {
  test('playlists go first, segments when the longest of them could have been played', async () => {
    await ended();
    await streams.stop('show');
    const since = Date.now();
    await purge();
    await vi.waitFor(async () => expect(await store.head('show/show.m3u8')).toBeUndefined(), 10_000);
    expect(await keys()).toHaveLength(4);
    await vi.waitFor(async () => expect(await keys()).toEqual([]), 20_000);
    // A playlist of 1.1 s, and one target duration.
    expect(Date.now() - since).toBeGreaterThan(2_000);
    await purged();
  });

  test('a recording stays, with all that it lists', async () => {
    await ended({ record: true });
    await streams.stop('show');
    await purge();
    await purged();
    expect(await listed(`show/show_vod_${run}.m3u8`)).toEqual([0, 1, 2, 3]);
    expect(await keys()).toHaveLength(5);
  });

  test('one that is not STOPPED yet is left alone', async () => {
    await ended();
    await purge();
    await vi.waitFor(
      async () => expect((await redis.zrange('bull:retention:delayed', '0', '-1')).length).toBe(1),
      10_000,
    );
    await vi.waitFor(
      async () => expect(Number(await redis.hget(`bull:retention:show.${run}`, 'ats'))).toBeGreaterThan(0),
      10_000,
    );
    expect(await keys()).toHaveLength(5);
  });

  test('what is not ours in the folder stays', async () => {
    await ended();
    await streams.stop('show');
    await store.put('show/notes.txt', 'x', { contentType: 'text/plain', cacheControl: 'no-store' });
    await purge();
    await vi.waitFor(async () => expect(await keys()).toEqual(['show/notes.txt']), 20_000);
  });
});

describe('a run that begins while the one before is purged', () => {
  /** Every look at a playlist that viewers of the new run make finds it, with all that it lists. */
  function watchViewers(): () => Promise<number> {
    let looks = 0;
    let watching = true;
    const missing: string[] = [];
    const done = (async () => {
      for (; watching; looks += 1) {
        const numbers = await listed('show/show.m3u8');
        if (numbers.length === 0) missing.push('show.m3u8');
        for (const number of numbers) {
          const key = `show/show_${String(number).padStart(3, '0')}.ts`;
          const gone = (await store.head(key)) === undefined;
          if (gone && (await listed('show/show.m3u8')).includes(number)) missing.push(key);
        }
      }
    })();
    return async () => {
      watching = false;
      await done;
      expect(missing).toEqual([]);
      return looks;
    };
  }

  test('keeps its playlist and its segments', async () => {
    await ended();
    await streams.stop('show');
    await stream(await takenOver('200'), 1.2);
    await vi.waitFor(async () => expect(await listed('show/show.m3u8')).toEqual([4, 5, 6]), 10_000);
    await purge();
    await purged();
    expect(await keys()).toEqual(['show/show.m3u8', 'show/show_004.ts', 'show/show_005.ts', 'show/show_006.ts']);
  });

  test('after the purge has listed the store: loses nothing for any moment', async () => {
    await ended();
    await streams.stop('show');
    const look = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    // The purge reads the playlists, its last look before it deletes.
    store.onReadLater = async key => {
      if (key !== 'show/show.m3u8') return;
      store.onReadLater = async () => undefined;
      look.resolve();
      await begun.promise;
    };
    await purge();
    await look.promise;
    const output = await takenOver('200');
    const viewers = watchViewers();
    begun.resolve();
    await stream(output, 1.2);
    await vi.waitFor(async () => expect((await listed('show/show.m3u8')).at(-1)).toBe(6), 10_000);
    await purged();
    expect(await viewers()).toBeGreaterThan(0);
    expect(await keys()).toContain('show/show_006.ts');
  });

  test('at the very delete: waits for its lease until that is done, and its playlist stays', async () => {
    await ended();
    await streams.stop('show');
    const deleting = Promise.withResolvers<void>();
    const refused = Promise.withResolvers<void>();
    store.onDelete = async () => {
      store.onDelete = async () => undefined;
      deleting.resolve();
      await refused.promise;
    };
    await purge();
    await deleting.promise;
    const next = await newRun();
    expect(await leases.acquire('show', next, 'owner', 60_000)).toMatchObject({ kind: 'held' });
    refused.resolve();
    await vi.waitFor(
      async () => expect(await leases.acquire('show', next, 'owner', 60_000)).toMatchObject({ kind: 'taken' }),
      { timeout: 20_000, interval: 20 },
    );
    const output = await publish('200', { run: next });
    await stream(output, 1.2);
    await vi.waitFor(async () => expect(await store.head('show/show.m3u8')).toBeDefined(), 10_000);
    const viewers = watchViewers();
    await purged();
    expect(await viewers()).toBeGreaterThan(0);
  });

  test('keeps segments of the run before that it lists later only', async () => {
    await ended();
    await streams.stop('show');
    // As if the last playlist of the run had not been stored: the working copy knows more than viewers have seen.
    await store.delete(['show/show.m3u8']);
    const output = await takenOver('200');
    await purge();
    await vi.waitFor(
      async () => expect(Number(await redis.hget(`bull:retention:show.${run}`, 'ats'))).toBeGreaterThan(0),
      10_000,
    );
    await vi.waitFor(async () => expect(await redis.zcard('bull:retention:delayed')).toBe(1), 10_000);
    await stream(output, 0.6);
    await vi.waitFor(async () => expect(await listed('show/show.m3u8')).not.toEqual([]), 10_000);
    for (const number of await listed('show/show.m3u8'))
      expect(await store.head(`show/show_00${number}.ts`)).toBeDefined();
  });

  test('two purges of a stream do not work at once', async () => {
    const fence = new PurgeFence(redis);
    const other = vi.fn(async () => undefined);
    expect(
      await fence.hold('show', undefined, async () => expect(await fence.hold('show', undefined, other)).toBe(false)),
    ).toBe(true);
    expect(other).not.toHaveBeenCalled();
    expect(await fence.hold('show', undefined, other)).toBe(true);
  });

  test('a delete whose answer is missing keeps new owners away until it can no longer arrive', async () => {
    await ended();
    await streams.stop('show');
    store.onDelete = () => Promise.reject(new Error('no answer'));
    await purge();
    await vi.waitFor(async () => expect(await redis.pttl(redisKeys.purge('show'))).toBeGreaterThan(0), 10_000);
    await vi.waitFor(
      async () => expect(Number(await redis.hget(`bull:retention:show.${run}`, 'atm'))).toBeGreaterThan(0),
      10_000,
    );
    const next = await newRun();
    const answer = await leases.acquire('show', next, 'owner', 60_000);
    expect(answer).toMatchObject({ kind: 'held' });
    expect(await redis.pttl(redisKeys.purge('show'))).toBeGreaterThan(0);
  });
});

test('failed jobs are kept up to a number of bytes, the latest of them', async () => {
  const connection = createRedis(server.url, 'queue', log);
  const options = { connection, redis, store, streams, retainMs: 0, maxFailedBytes: 700_000, log };
  const queue = new RetentionQueue(options);
  const producer = createQueue<RecordingJob>(queueNames.retention, connection, { attempts: 1 });
  stops.push(async () => {
    await queue.stop();
    await producer.close();
    connection.disconnect();
  });
  store.onRead = () => {
    throw new Error('the store is away');
  };
  queue.start();
  for (let i = 0; i < 4; i += 1) {
    const playlists = [{ key: `show/${i}.m3u8`, text: 'x'.repeat(300_000) }];
    await producer.add('recording', { streamId: 'show', run: `r${i}`, playlists }, { jobId: `show.r${i}` });
    await vi.waitFor(async () => expect(await producer.getJobState(`show.r${i}`)).toBe('failed'), 10_000);
  }
  await vi.waitFor(
    async () => expect(await redis.zrange('bull:retention:failed', '0', '-1')).toEqual(['show.r2', 'show.r3']),
    {
      timeout: 10_000,
    },
  );
  expect(await redis.exists('bull:retention:show.r0')).toBe(0);
});
