import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Rendition } from '../../common/config/encoding.ts';
import { keys } from '../../common/redis/keys.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { HlsOutput } from './hlsOutput.ts';
import type { HlsOutputOptions } from './hlsOutputContract.ts';
import { parseMediaPlaylist } from './playlist/parseMediaPlaylist.ts';
import { segmentNumber, streamFiles } from './playlist/streamFiles.ts';
import type { Spool } from './spool/spool.ts';
import { StoreError } from './store/storeError.ts';
import { encodeSegments } from './testing/encodeSegments.ts';
import type { HookedStore } from './testing/hookedStore.ts';
import { publishingRoom } from './testing/publishingRoom.ts';
import type { Uploads } from './uploads/uploads.ts';

// Real processes on a machine that others use too.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const log = silentLogger();
const renditions: Rendition[] = [
  { width: 320, height: 180, video: 500, audio: 64 },
  { width: 160, height: 90, video: 200, audio: 64 },
];

let server: TestRedis;
let redis: Redis;
let dir: string;
let store: HookedStore;
let spool: Spool;
let uploads: Uploads;
let latencies: number[];
let gaps: string[];
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => {
  await redis.flushall();
  const room = await publishingRoom(server.url, 2);
  ({ dir, store, spool, uploads } = room);
  latencies = [];
  gaps = [];
  stops.push(() => room.close());
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

async function publish(token: string, options: Partial<HlsOutputOptions> = {}, fences = true, signal?: AbortSignal) {
  const events = { onPlayable: vi.fn(), onFault: vi.fn(), onFenced: vi.fn() };
  const output = await HlsOutput.open(
    {
      store,
      fences,
      uploads: { upload: (job, signal) => uploads.uploadOnce(job, { signal }) },
      spool,
      redis,
      playlistIntervalMs: 20,
      log,
    },
    {
      ...{
        streamId: 'show',
        run: 'run1',
        token,
        abr: false,
        renditions: renditions.slice(0, 1),
        segmentSeconds: 1,
        window: 4,
      },
      ...options,
    },
    { ...events, onListed: ms => latencies.push(ms), onGapListed: file => gaps.push(file) },
    signal,
  );
  stops.push(() => output.abandon());
  return { output, events };
}

/** One FFmpeg process's worth of stream. */
async function stream(
  output: HlsOutput,
  seconds: number,
  options: { stems?: readonly string[]; made?: readonly number[]; realTime?: boolean; toneSeconds?: number } = {},
): Promise<void> {
  const { stems = ['show'], made = [...stems.keys()], realTime = false, toneSeconds = seconds } = options;
  const epoch = await output.openEpoch(Date.now(), { followsSource: false, renditions: made });
  await encodeSegments({ epoch, renditions: made, seconds, toneSeconds, segmentSeconds: 0.5, realTime });
}

async function playlist(key = 'show/show.m3u8') {
  const text = (await store.get(key))?.body.toString() ?? '';
  const parsed = parseMediaPlaylist(text);
  if (!parsed) throw new Error(`no playlist ${key}`);
  return { ...parsed, text, numbers: parsed.segments.map(({ uri }) => segmentNumber(uri)) };
}

const files = async (folder: string) => (await readdir(join(dir, folder), { recursive: true })).toSorted();

describe('a single profile', () => {
  test('from FFmpeg to an ended playlist, with nothing left behind', async () => {
    const { output, events } = await publish('100');
    await stream(output, 3.2, { realTime: true });
    expect(await output.finish()).toEqual({ unstored: 0 });
    expect(events.onPlayable).toHaveBeenCalledExactlyOnceWith('https://cdn.example/show/show.m3u8');
    expect(events.onFault).not.toHaveBeenCalled();
    const { numbers, ended, mediaSequence, text } = await playlist();
    expect({ numbers, ended, mediaSequence }).toEqual({ numbers: [3, 4, 5, 6], ended: true, mediaSequence: 3 });
    for (const n of [0, 1, 2, 3, 4, 5, 6]) expect(await store.head(`show/show_00${n}.ts`)).toBeDefined();
    expect(text).toMatch(/^#EXT-X-TARGETDURATION:1$/m);
    expect(await files('spool')).toEqual(['.node']);
    const ttl = await redis.ttl(keys.ledger('show'));
    expect(ttl).toBeGreaterThan(86_000);
  });

  test('closed to listed: below half a second for most (the bench measures it on an idle machine)', async () => {
    const { output } = await publish('100');
    await stream(output, 6, { realTime: true });
    await output.finish();
    const sorted = latencies.toSorted((a, b) => a - b);
    expect(sorted).toHaveLength(12);
    expect(sorted[sorted.length / 2]).toBeLessThan(500);
  });

  test('a file leaves the spool as soon as it is stored, not with the end of a long stream', async () => {
    const { output } = await publish('100');
    const epoch = await output.openEpoch(Date.now(), { followsSource: false, renditions: [0] });
    const end = new AbortController();
    const encoding = encodeSegments({ epoch, seconds: 60, segmentSeconds: 0.5, realTime: true, signal: end.signal });
    await vi.waitFor(async () => expect((await playlist()).numbers.length).toBeGreaterThan(2), 20_000);
    expect((await readdir(epoch.dir)).filter(name => /_00[01]\.ts$/.test(name))).toEqual([]);
    end.abort();
    await encoding;
  });

  test('a reconnect goes on with the next number and one discontinuity; each epoch’s folder goes', async () => {
    const { output } = await publish('100', { window: 10 });
    await stream(output, 1.2);
    await stream(output, 1.2);
    const { numbers, text } = await vi.waitFor(async () => {
      const now = await playlist();
      expect(now.numbers).toHaveLength(6);
      return now;
    });
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5]);
    expect(text.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
    await vi.waitFor(async () => expect(await files('spool')).toEqual(['.node', 'show', 'show/run1']));
    await output.finish();
    expect(await files('spool')).toEqual(['.node']);
  });
});

test('a ladder is playable when every rendition is, and says what it really holds', async () => {
  const { stems } = streamFiles('show', 2);
  const { output, events } = await publish('100', { abr: true, renditions });
  events.onPlayable.mockImplementation(() => store.puts.push({ key: 'playable', text: '', at: 0 }));
  await stream(output, 2.2, { stems });
  await output.finish();
  expect(events.onPlayable).toHaveBeenCalledExactlyOnceWith('https://cdn.example/show/show_master.m3u8');
  const order = store.puts.map(({ key }) => key);
  const multivariant = order.indexOf('show/show_master.m3u8');
  expect(multivariant).toBeGreaterThan(order.indexOf('show/show_0.m3u8'));
  expect(multivariant).toBeGreaterThan(order.indexOf('show/show_1.m3u8'));
  expect(order.indexOf('playable')).toBeGreaterThan(multivariant);
  const text = (await store.get('show/show_master.m3u8'))?.body.toString() ?? '';
  expect(text).toMatch(
    /BANDWIDTH=631680,AVERAGE-BANDWIDTH=\d+,CODECS="avc1\.42c00[a-d],mp4a\.40\.2",RESOLUTION=320x180,FRAME-RATE=10\.000\nshow_0\.m3u8\n/,
  );
  expect(text).toMatch(/RESOLUTION=160x90,FRAME-RATE=10\.000\nshow_1\.m3u8\n$/);
  const [first, second] = [await playlist('show/show_0.m3u8'), await playlist('show/show_1.m3u8')];
  const times = (of: typeof first) =>
    of.segments.map(({ programDateTime, durationSeconds }) => [programDateTime, durationSeconds]);
  expect(times(first)).toEqual(times(second));
  expect(first.numbers).toEqual(second.numbers);
});

describe('recovery', () => {
  test('a new run goes on in number and sequence, and drops the end of the last one with its first segment', async () => {
    const first = await publish('100');
    await stream(first.output, 1.2);
    await first.output.finish();
    const second = await publish('200', { run: 'run2' });
    expect(second.output.nextNumber).toBe(3);
    expect((await playlist()).ended).toBe(true);
    await stream(second.output, 0.7);
    await second.output.finish();
    const { numbers, mediaSequence, text } = await playlist();
    expect({ numbers, mediaSequence }).toEqual({ numbers: [3, 4], mediaSequence: 3 });
    expect(text.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
  });

  test.each([
    ['with the working copy', false],
    ['after Redis lost everything', true],
  ])('a new owner continues what viewers have seen, a little higher: %s', async (_, lost) => {
    const first = await publish('100', { window: 10 });
    await stream(first.output, 1.2);
    await vi.waitFor(async () => expect((await playlist()).numbers).toEqual([0, 1, 2]));
    await first.output.abandon();
    if (lost) await redis.flushall();
    const second = await publish('200', { window: 10 });
    expect(second.output.nextNumber).toBe(13);
    await stream(second.output, 0.7);
    await second.output.finish();
    const { numbers, mediaSequence, text } = await playlist();
    expect({ numbers, mediaSequence }).toEqual({ numbers: [0, 1, 2, 13, 14], mediaSequence: 0 });
    expect(text.match(/#EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
  });

  test('what a dead owner left in the spool is not swept away by the next one’s end', async () => {
    const dead = await publish('100');
    store.onPut = (put, key) => (key.endsWith('.ts') ? new Promise(() => undefined) : put());
    await stream(dead.output, 0.4);
    await dead.output.abandon();
    store.onPut = put => put();
    const next = await publish('200');
    await stream(next.output, 0.4);
    expect(await next.output.finish()).toEqual({ unstored: 0 });
    expect(await files('spool')).toContain('show/run1/100-1/show_000.ts');
  });

  test('an orderly handover skips no number and writes no end', async () => {
    const first = await publish('100', { window: 10 });
    await stream(first.output, 1.2);
    await first.output.finish({ endList: false });
    expect((await playlist()).ended).toBe(false);
    const second = await publish('200', { window: 10 });
    expect(second.output.nextNumber).toBe(3);
  });

  test('numbers do not repeat when playlist and Redis are both gone', async () => {
    const first = await publish('100');
    await stream(first.output, 1.2);
    await first.output.finish();
    await redis.flushall();
    await store.delete(['show/show.m3u8']);
    const second = await publish('200', { run: 'run2' });
    expect(second.output.nextNumber).toBeGreaterThanOrEqual(3);
  });

  test('a run after one that crashed does not list what is gone from the bucket', async () => {
    const first = await publish('100', { window: 10 });
    await stream(first.output, 2.2);
    await vi.waitFor(async () => expect((await playlist()).numbers).toEqual([0, 1, 2, 3, 4]));
    await first.output.abandon();
    await store.delete(['show/show_001.ts']);
    const second = await publish('200', { run: 'run2', window: 10 });
    await stream(second.output, 0.4);
    await second.output.finish();
    expect(await playlist()).toMatchObject({ numbers: [2, 3, 4, 15], mediaSequence: 2 });
  });
});

describe('fencing', () => {
  test('an owner that was replaced writes no playlist any more, and is notified', async () => {
    const old = await publish('100');
    await stream(old.output, 1.2);
    await vi.waitFor(async () => expect((await playlist()).numbers).toEqual([0, 1, 2]));
    const fresh = await publish('200');
    await stream(old.output, 0.4);
    await vi.waitFor(() => expect(old.events.onFenced).toHaveBeenCalled());
    await stream(fresh.output, 0.4);
    await fresh.output.finish();
    await old.output.abandon();
    expect((await playlist()).numbers).toEqual([0, 1, 2, 13]);
  });

  test.each([
    ['a single profile', ['show'], {}],
    ['a ladder', ['show_0', 'show_1'], { abr: true, renditions }],
  ] as const)(
    '%s of a dead owner: its playlists are first written when there is something new',
    async (_, stems, more) => {
      const dead = await publish('100', { ...more, window: 10 });
      await stream(dead.output, 1.2, { stems });
      const list = () => playlist(`show/${stems[0]}.m3u8`);
      await vi.waitFor(async () => expect((await list()).numbers).toEqual([0, 1, 2]));
      await dead.output.abandon();
      const before = (await list()).text;
      const next = await publish('200', { ...more, window: 10, takenOver: true, isLeft: true, routed: true });
      expect((await list()).text).toBe(before);
      await stream(next.output, 0.4, { stems });
      await next.output.finish();
      for (const stem of stems) {
        const { numbers, segments, ended } = await playlist(`show/${stem}.m3u8`);
        expect(numbers).toEqual([0, 1, 2, 13]);
        expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([false, false, false, true]);
        expect(ended).toBe(true);
      }
      expect(next.events.onPlayable).toHaveBeenCalledOnce();
      expect(next.events.onFault).not.toHaveBeenCalled();
    },
  );

  test('an owner that comes too late does not open', async () => {
    const fresh = await publish('200');
    await stream(fresh.output, 0.4);
    await fresh.output.finish();
    await expect(publish('150')).rejects.toMatchObject({ code: 'fenced' });
  });

  test('an abandoned owner leaves what it has not uploaded', async () => {
    const { output } = await publish('100');
    const epoch = await output.openEpoch(Date.now(), { followsSource: false, renditions: [0] });
    // Closed by FFmpeg, not named by a list that was seen.
    await writeFile(join(epoch.dir, 'show_000.ts'), Buffer.alloc(188));
    await output.abandon();
    await epoch.close();
    expect(await readdir(epoch.dir)).toEqual(['show_000.ts']);
  });
});

describe('a ladder of which not all renditions are made', () => {
  const stems = ['show_0', 'show_1'];
  const ladder = { abr: true, renditions, window: 10, record: true };
  const uris = async (key: string): Promise<string[]> =>
    ((await store.get(key))?.body.toString() ?? '').split('\n').filter(line => line !== '' && !line.startsWith('#'));

  test('is playable with those, and lists and records no other', async () => {
    const { output, events } = await publish('100', ladder);
    await stream(output, 1.2, { stems, made: [1] });
    expect((await output.finish()).unstored).toBe(0);
    expect(events.onPlayable).toHaveBeenCalledOnce();
    expect(await uris('show/show_master.m3u8')).toEqual(['show_1.m3u8']);
    expect(await uris('show/show_vod_run1_master.m3u8')).toEqual(['show_vod_run1_1.m3u8']);
    expect(await store.head('show/show_0.m3u8')).toBeUndefined();
    expect(gaps).toEqual([]);
  });

  test.each([true, false])('a new owner goes on with those (with the working copy: %s)', async hasCopy => {
    const first = await publish('100', ladder);
    await stream(first.output, 1.2, { stems, made: [1] });
    await first.output.finish({ endList: false });
    if (!hasCopy) await redis.flushall();
    const { output } = await publish('200', { ...ladder, takenOver: true });
    expect(output.made).toEqual([1]);
    // The source is larger now: what was not made before is added.
    await stream(output, 1.2, { stems, made: [0, 1] });
    expect((await output.finish()).unstored).toBe(0);
    expect(await uris('show/show_master.m3u8')).toEqual(['show_0.m3u8', 'show_1.m3u8']);
    const small = parseMediaPlaylist((await store.get('show/show_1.m3u8'))?.body.toString() ?? '');
    expect(small?.segments.filter(({ gap }) => gap)).toEqual([]);
  });
});

test('a last segment of an encoder that has no sound any more is left out, and leaves nothing behind', async () => {
  const stems = ['show_0', 'show_1'];
  const { output } = await publish('100', { abr: true, renditions, window: 10 });
  await stream(output, 1.2, { stems, toneSeconds: 0.8 });
  await stream(output, 0.9, { stems });
  expect(await output.finish()).toEqual({ unstored: 0 });
  for (const stem of stems) {
    const { numbers, segments } = await playlist(`show/${stem}.m3u8`);
    expect(numbers).toEqual([0, 1, 2, 3]);
    expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([false, false, true, false]);
  }
  expect(await files('spool')).toEqual(['.node']);
});

describe('faults', () => {
  test('a segment that is given up is a gap, and waits in the spool', async () => {
    const { output, events } = await publish('100', { window: 10 });
    store.onPut = (put, key) => (key.endsWith('_001.ts') ? Promise.reject(new StoreError('retry', '500')) : put());
    await stream(output, 1.6);
    expect(await output.finish()).toEqual({ unstored: 1 });
    const { numbers, segments, text } = await playlist();
    expect(numbers).toEqual([0, 1, 2, 3]);
    expect(segments.map(({ gap }) => gap)).toEqual([false, true, false, false]);
    expect(text).toContain('#EXT-X-VERSION:8');
    expect({ gaps, listed: latencies.length }).toEqual({ gaps: ['show_001.ts'], listed: 3 });
    expect(events.onFault).not.toHaveBeenCalled();
    expect(await files('spool')).toContain('show/run1/100-1/show_001.ts');
    expect(await files('spool')).toContain('show/run1/100-1.json');
  });

  test('credentials that are wrong at the start: refused, with the variables to check', async () => {
    store.onRead = () => {
      throw new StoreError('denied', '403 AccessDenied');
    };
    await expect(publish('100')).rejects.toMatchObject({
      code: 'storage_error',
      message: expect.stringMatching(/R2_ACCESS_KEY and R2_SECRET_KEY/),
    });
  });

  test('credentials that turn out wrong at the first PUT: reported at once, and once', async () => {
    const { output, events } = await publish('100');
    store.onPut = () => Promise.reject(new StoreError('denied', '403'));
    await stream(output, 1.2);
    await vi.waitFor(() => expect(events.onFault).toHaveBeenCalled(), 10_000);
    expect(await output.finish({ timeoutMs: 1_000 })).toEqual({ unstored: 3 });
    expect(events.onFault).toHaveBeenCalledTimes(1);
    expect(events.onFault.mock.calls[0]?.[0]).toMatchObject({ code: 'storage_error' });
  });

  test('a store that is away for a moment does not stop a start; one that stays away does', async () => {
    let calls = 0;
    store.onRead = () => {
      if (++calls <= 2) throw new StoreError('retry', 'ECONNREFUSED');
    };
    expect((await publish('100')).output.nextNumber).toBe(0);
    store.onRead = () => {
      throw new StoreError('retry', 'ECONNREFUSED');
    };
    await expect(publish('100', { openTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'storage_error',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('a stream that was taken over waits for the store for as long as it takes, or until it is stopped', async () => {
    let away = true;
    store.onRead = () => {
      if (away) throw new StoreError('retry', 'ECONNREFUSED');
    };
    const stop = new AbortController();
    const [goesOn, stopped] = [
      publish('100', { openTimeoutMs: 100, takenOver: true }),
      publish('101', { streamId: 'other', openTimeoutMs: 100, takenOver: true }, true, stop.signal),
    ];
    stopped.catch(() => undefined);
    expect(await Promise.race([goesOn, stopped, sleep(1_000, 'waiting')])).toBe('waiting');
    stop.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'storage_error' });
    away = false;
    // A take-over begins a little higher.
    expect((await goesOn).output.nextNumber).toBe(10);
  });

  test('what is stored after the end is not appended to an ended playlist', async () => {
    const { output } = await publish('100');
    let release = (): void => undefined;
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    store.onPut = (put, key) => {
      if (key.endsWith('_002.ts')) return held.then(put);
      const sent = put();
      // The end is on its way: now the last segment gets there.
      if (store.puts.at(-1)?.text.includes('ENDLIST')) release();
      return sent;
    };
    await stream(output, 1.4);
    expect(await output.finish({ timeoutMs: 900 })).toEqual({ unstored: 1 });
    await vi.waitFor(async () => expect(await store.head('show/show_002.ts')).toBeDefined());
    expect(await playlist()).toMatchObject({ numbers: [0, 1], ended: true });
  });

  test('a store that is away at the end costs a deadline, not the segments', async () => {
    const { output } = await publish('100');
    store.onPut = () => new Promise(() => undefined);
    await stream(output, 0.7);
    const startedAt = performance.now();
    expect(await output.finish({ timeoutMs: 600 })).toEqual({ unstored: 2 });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(await files('spool')).toContain('show/run1/100-1/show_000.ts');
  });
});

describe('two owners', () => {
  test('one that was replaced before it had published anything cannot be the first to publish', async () => {
    const old = await publish('100');
    const { output } = await publish('200', { takenOver: true });
    await stream(old.output, 1.2);
    await vi.waitFor(() => expect(old.events.onFenced).toHaveBeenCalledOnce());
    await old.output.abandon();
    expect((await playlist()).numbers).toEqual([]);
    await stream(output, 1.2);
    await output.finish();
    const { numbers, mediaSequence, text } = await playlist();
    expect(numbers.length).toBeGreaterThan(1);
    expect(mediaSequence).toBe(0);
    expect(text).toContain('owner 200');
  });

  test('where the store does not fence, one in doubt neither lists nor uploads, and goes on when it is certain', async () => {
    const { output } = await publish('100', {}, false);
    output.suspend();
    await stream(output, 1.2);
    expect(await Array.fromAsync(store.list('show/'))).toEqual([]);
    output.resume();
    await vi.waitFor(async () => expect((await playlist()).numbers).toContain(1));
    output.suspend();
    await stream(output, 1.2);
    const stored = (await Array.fromAsync(store.list('show/'))).length;
    await output.abandon();
    expect(await Array.fromAsync(store.list('show/'))).toHaveLength(stored);
  });
});
