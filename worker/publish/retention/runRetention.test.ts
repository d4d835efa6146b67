import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Rendition } from '../../../common/config/encoding.ts';
import { createRedis } from '../../../common/redis/createRedis.ts';
import type { RetentionJob } from '../../../common/redis/queues.ts';
import { StreamStore } from '../../../common/stream/streamStore.ts';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../../common/testing/startRedis.ts';
import { HlsOutput } from '../hlsOutput.ts';
import type { HlsOutputDeps, HlsOutputOptions } from '../hlsOutputContract.ts';
import { parseMediaPlaylist } from '../playlist/parseMediaPlaylist.ts';
import { segmentNumber } from '../playlist/streamFiles.ts';
import type { Spool } from '../spool/spool.ts';
import { headers } from '../store/headers.ts';
import { StoreError } from '../store/storeError.ts';
import { encodeSegments } from '../testing/encodeSegments.ts';
import type { HookedStore } from '../testing/hookedStore.ts';
import { publishingRoom } from '../testing/publishingRoom.ts';
import type { Uploads } from '../uploads/uploads.ts';
import { RetentionQueue } from './retentionQueue.ts';

// Real processes on a machine that others use too.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const log = silentLogger();
const renditions: Rendition[] = [{ width: 320, height: 180, video: 500, audio: 64 }];
const recordingKey = 'show/show_vod_run1.m3u8';

let server: TestRedis;
let redis: Redis;
let dir: string;
let store: HookedStore;
let spool: Spool;
let uploads: Uploads;
let retired: RetentionJob[];
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => {
  await redis.flushall();
  const room = await publishingRoom(server.url, 1);
  ({ dir, store, spool, uploads } = room);
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

async function publish(
  token: string,
  options: Partial<HlsOutputOptions> = {},
  complete?: HlsOutputDeps['complete'],
): Promise<HlsOutput> {
  const output = await HlsOutput.open(
    {
      store,
      fences: true,
      uploads: { upload: (job, signal) => uploads.uploadOnce(job, { signal }) },
      spool,
      redis,
      playlistIntervalMs: 20,
      log,
      retire: async job => void retired.push(job),
      ...(complete && { complete }),
    },
    { streamId: 'show', run: 'run1', token, abr: false, renditions, segmentSeconds: 1, window: 3, ...options },
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

async function listed(key: string) {
  const text = (await store.get(key))?.body.toString() ?? '';
  const segments = parseMediaPlaylist(text)?.segments ?? [];
  return {
    text,
    numbers: segments.map(({ uri }) => segmentNumber(uri)),
    gaps: segments.filter(({ gap }) => gap).length,
  };
}

describe('recording', () => {
  test('what was given up live is stored from the spool at the end, and is no gap in the recording', async () => {
    const output = await publish('100', { record: true, window: 10 });
    store.onPut = (put, key) => (key.endsWith('_001.ts') ? Promise.reject(new StoreError('retry', '500')) : put());
    await stream(output, 1.6);
    await vi.waitFor(async () => expect(await listed('show/show.m3u8')).toMatchObject({ gaps: 1 }));
    store.onPut = put => put();
    const finished = await output.finish();
    expect(finished).toEqual({ unstored: 0, recordingLink: `https://cdn.example/${recordingKey}` });
    expect(await listed(recordingKey)).toMatchObject({ numbers: [0, 1, 2, 3], gaps: 0 });
    expect(await listed('show/show.m3u8')).toMatchObject({ gaps: 1 });
    expect(await readdir(join(dir, 'spool'))).toEqual(['.node']);
  });

  test.each([
    ['with the working copy', false],
    ['after Redis lost everything', true],
  ])('a new owner goes on with the recording: %s', async (_, lost) => {
    const first = await publish('100', { record: true });
    await stream(first, 5.2);
    await vi.waitFor(async () => expect((await listed('show/show.m3u8')).numbers.at(-1)).toBe(10));
    await first.finish({ endList: false });
    if (lost) await redis.flushall();
    const second = await publish('200', { record: true });
    await stream(second, 0.7);
    await second.finish();
    const { text, numbers } = await listed(recordingKey);
    expect(numbers).toHaveLength(13);
    expect(numbers.slice(0, 11)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(text.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
    expect(text).toMatch(/#EXT-X-PLAYLIST-TYPE:VOD\n.*#EXT-X-ENDLIST\n$/s);
  });

  test('holds its own run only, also when the one before crashed', async () => {
    const crashed = await publish('100', { record: true });
    await stream(crashed, 1.2);
    await vi.waitFor(async () => expect((await listed('show/show.m3u8')).numbers).toEqual([0, 1, 2]));
    await crashed.abandon();
    const next = await publish('200', { run: 'run2', record: true });
    await stream(next, 0.7);
    await next.finish();
    const { text, numbers } = await listed('show/show_vod_run2.m3u8');
    expect(numbers).toEqual([13, 14]);
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:0\n');
    expect(text).not.toContain('#EXT-X-DISCONTINUITY\n');
  });

  test('an end while the store is away costs the deadline, and no link is reported', async () => {
    const output = await publish('100', { record: true });
    await stream(output, 1.2);
    await vi.waitFor(async () => expect((await listed('show/show.m3u8')).numbers).toEqual([0, 1, 2]));
    store.onPut = () => Promise.reject(new StoreError('retry', '500'));
    expect(await output.finish({ timeoutMs: 1_000 })).toEqual({ unstored: 0 });
  });

  test('what an outage left out is added when the store and the segments are back', async () => {
    const connection = createRedis(server.url, 'queue', log);
    const queue = new RetentionQueue({ connection, redis, store, streams: new StreamStore(redis), retainMs: 0, log });
    stops.push(async () => {
      await queue.stop();
      connection.disconnect();
    });
    const output = await publish('100', { record: true, window: 10 }, job => queue.complete(job));
    await stream(output, 1.2);
    await vi.waitFor(async () => expect((await listed('show/show.m3u8')).numbers).toEqual([0, 1, 2]));
    store.onPut = () => Promise.reject(new StoreError('retry', '500'));
    await stream(output, 1.2);
    const { recordingLink, unstored } = await output.finish({ timeoutMs: 1_500 });
    expect({ recordingLink, unstored }).toEqual({ recordingLink: `https://cdn.example/${recordingKey}`, unstored: 3 });
    expect((await listed(recordingKey)).text).not.toContain('ENDLIST');

    // The store is back, and a sweep of the spool has stored two of the three.
    store.onPut = put => put();
    for (const number of [3, 4]) await store.put(`show/show_00${number}.ts`, 'ts', headers.segment);
    queue.start();
    await redis.zadd('bull:retention:delayed', '0', 'show.run1.recording');
    await redis.zadd('bull:retention:marker', '0', '0');
    await vi.waitFor(async () => expect((await listed(recordingKey)).text).toContain('ENDLIST'), 10_000);
    const { numbers, gaps, text } = await listed(recordingKey);
    expect({ numbers, gaps }).toEqual({ numbers: [0, 1, 2, 3, 4], gaps: 0 });
    expect(text.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
  });

  test('without anything stored there is no recording', async () => {
    const output = await publish('100', { record: true });
    expect(await output.finish()).toEqual({ unstored: 0 });
    expect(retired).toEqual([]);
  });
});
