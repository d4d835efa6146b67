import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRedis } from '../../../common/redis/createRedis.ts';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../../common/testing/startRedis.ts';
import { headers } from '../store/headers.ts';
import { StoreError } from '../store/storeError.ts';
import type { HookedStore } from '../testing/hookedStore.ts';
import { publishingRoom } from '../testing/publishingRoom.ts';
import { writeSegments } from '../testing/writeSegments.ts';
import { Uploads } from '../uploads/uploads.ts';
import type { Spool } from './spool.ts';
import { SpoolDrops } from './spoolDrops.ts';
import { spooledEpochs } from './spooledEpochs.ts';
import { SpoolSweeper } from './spoolSweeper.ts';
import { SpoolWatch } from './spoolWatch.ts';

// Real processes on a machine that others use too.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const log = silentLogger();
const worker = fileURLToPath(new URL('../testing/spoolProcess.ts', import.meta.url));

let server: TestRedis;
let redis: Redis;
let store: HookedStore;
let spool: Spool;
let uploads: Uploads;
const told = vi.fn();
const onDropped = vi.fn();
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => {
  await redis.flushall();
  told.mockReset().mockResolvedValue(true);
  onDropped.mockReset();
  const room = await publishingRoom(server.url, 1);
  ({ store, spool, uploads } = room);
  await spool.liveness.hold();
  stops.push(
    () => room.close(),
    () => spool.liveness.release(),
  );
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

function sweeper(
  options: { maxBytes?: number; maxAgeMs?: number; quietMs?: number; periodMs?: number } = {},
): SpoolSweeper {
  const { maxBytes = 1e9, maxAgeMs = 1e15, quietMs = 0, periodMs = 5_000 } = options;
  const drops = new SpoolDrops({ spool, tell: told, onDropped, log });
  const made = new SpoolSweeper({ spool, uploads, limits: { maxBytes, maxAgeMs }, drops, quietMs, periodMs, log });
  stops.push(() => made.stop());
  return made;
}

/** Another worker process of the node, with an epoch of four closed segments and an open one. */
async function startOwner(): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(process.execPath, [worker, spool.dir, 'node']);
  stops.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcessWithoutNullStreams): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const spooled = async (): Promise<string[]> =>
  (await readdir(spool.dir, { recursive: true })).filter(name => !name.startsWith('.')).toSorted();
const stored = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const key of store.list('show/')) found.push(key.slice('show/'.length));
  return found;
};
const names = (...numbers: number[]): string[] => numbers.map(number => `show_00${number}.ts`);

const record = { streamId: 'show', run: 'run1', token: '170', stems: ['show'], firstNumber: 0, startedAt: 1 };

describe('an epoch of another process', () => {
  test('is left alone while the process lives, also when it is frozen', async () => {
    const owner = await startOwner();
    const before = await spooled();
    await sweeper().sweep();
    owner.kill('SIGSTOP');
    await sweeper().sweep();
    expect(await spooled()).toEqual(before);
    expect(await stored()).toEqual([]);
  });

  test('is stored when the process was killed: all that was closed, once, and nothing is left', async () => {
    await kill(await startOwner());
    const sweep = sweeper();
    const another = sweeper();
    await Promise.all([sweep.sweep(), another.sweep()]);
    await vi.waitFor(async () => expect(await spooled()).toEqual([]), 10_000);
    expect(await stored()).toEqual(names(0, 1, 2, 3));
    expect(store.puts).toHaveLength(4);
    const object = await store.get('show/show_002.ts');
    expect(object).toMatchObject({ body: Buffer.alloc(188, 3), metadata: { origin: 'show/run1/170-1' } });
    expect((await readdir(spool.dir)).toSorted()).toEqual(['.node', expect.stringMatching(/^\.owner-/)]);
    expect(told).not.toHaveBeenCalled();
  });

  test('a segment that is closed while the others are uploaded is stored too, and not removed with the folder', async () => {
    await kill(await startOwner());
    const gate = Promise.withResolvers<void>();
    store.onPut = put => gate.promise.then(put);
    const sweep = sweeper();
    await sweep.sweep();
    await vi.waitFor(() => expect(store.puts).toHaveLength(4), 10_000);
    await writeSegments(join(spool.dir, 'show/run1/170-1'), 'show', { closed: [4] });
    gate.resolve();
    await vi.waitFor(async () => {
      await sweep.sweep();
      expect(await spooled()).toEqual([]);
    }, 10_000);
    expect(await stored()).toEqual(names(0, 1, 2, 3, 4));
  });

  test('its folder stays while something still writes into it', async () => {
    await kill(await startOwner());
    const sweep = sweeper({ quietMs: 60_000 });
    await sweep.sweep();
    await vi.waitFor(async () => expect(await stored()).toEqual(names(0, 1, 2, 3)), 10_000);
    await sweep.stop();
    expect(await spooled()).toContain('show/run1/170-1/.show_004.ts.part');
  });

  test('whose record was cut off is cleared away, for it never had a file', async () => {
    const { dir: folder } = await spool.createEpoch(1, record);
    await rm(folder, { recursive: true });
    await writeFile(`${folder}.json`, '{"streamId":"sh');
    await sweeper().sweep();
    await vi.waitFor(async () => expect(await spooled()).toEqual([]), 10_000);
  });
});

test('files whose record does not parse stay until they are too old', async () => {
  const { dir: folder, origin } = await spool.createEpoch(1, record);
  await writeSegments(folder, 'show', { closed: [0] });
  await writeFile(`${folder}.json`, '{"version":2}');
  spool.leaveEpoch(origin);
  const error = vi.spyOn(log, 'error');
  stops.push(() => error.mockRestore());
  await sweeper().sweep();
  const message = expect.stringMatching(/record of an epoch does not parse/);
  await vi.waitFor(() => expect(error).toHaveBeenCalledWith(expect.objectContaining({ origin }), message), 10_000);
  expect(await spooled()).toContain('show/run1/170-1/show_000.ts');
  await sweeper({ maxAgeMs: -1 }).sweep();
  await vi.waitFor(async () => expect(await spooled()).toEqual([]), 10_000);
});

describe('an epoch of this process', () => {
  test('is swept once its publisher has left it', async () => {
    const { dir: folder, origin } = await spool.createEpoch(1, record);
    await writeSegments(folder, 'show', { closed: [0, 1] });
    const sweep = sweeper();
    await sweep.sweep();
    expect(await stored()).toEqual([]);
    spool.leaveEpoch(origin);
    await vi.waitFor(async () => expect(await spooled()).toEqual([]), 10_000);
    expect(await stored()).toEqual(names(0, 1));
  });
});

describe('the watcher', () => {
  const WAIT = { timeout: 20_000 };
  // So that what is found was not found by the sweep of every five seconds.
  const periodMs = 3_600_000;

  test("its first scan is the sweep: a dead owner's segments are stored", async () => {
    await kill(await startOwner());
    sweeper({ periodMs }).start();
    await vi.waitFor(async () => expect(await stored()).toEqual(names(0, 1, 2, 3)), WAIT);
  });

  test('a final name that appears in the folder of a dead owner is stored', async () => {
    await kill(await startOwner());
    sweeper({ quietMs: 60_000, periodMs }).start();
    await vi.waitFor(async () => expect(await stored()).toEqual(names(0, 1, 2, 3)), WAIT);
    await writeSegments(join(spool.dir, 'show/run1/170-1'), 'show', { closed: [4] });
    await vi.waitFor(async () => expect(await stored()).toEqual(names(0, 1, 2, 3, 4)), WAIT);
  });

  test('a final name of a living owner makes no sweep', async () => {
    await startOwner();
    const look = vi.spyOn(spool.liveness, 'alive');
    sweeper({ periodMs }).start();
    const found: string[] = [];
    const beside = new SpoolWatch({ spool, log });
    stops.push(() => beside.stop());
    await new Promise<void>(scanned => beside.start(origin => found.push(origin), scanned));
    await vi.waitFor(() => expect(look).toHaveBeenCalled(), WAIT);
    // The first name may still be part of the scan.
    for (const number of [4, 5, 6, 7]) {
      const sweeps = look.mock.calls.length;
      await writeSegments(join(spool.dir, 'show/run1/170-1'), 'show', { closed: [number] });
      await vi.waitFor(() => expect(found).toHaveLength(number + 1), WAIT);
      if (number > 4) expect(look).toHaveBeenCalledTimes(sweeps);
    }
  });
});

describe('faults', () => {
  test('a store that is away keeps its files; they go when it is back', async () => {
    await kill(await startOwner());
    store.onPut = () => Promise.reject(new StoreError('retry', '503'));
    const sweep = sweeper();
    await sweep.sweep();
    await vi.waitFor(() => expect(store.puts).toHaveLength(4), 10_000);
    expect(await spooled()).toContain('show/run1/170-1/show_000.ts');
    store.onPut = put => put();
    await vi.waitFor(async () => {
      await sweep.sweep();
      expect(await spooled()).toEqual([]);
    }, 10_000);
    expect(await stored()).toEqual(names(0, 1, 2, 3));
  });

  test('Redis away: stored all the same', async () => {
    const own = await startRedis();
    const connection = createRedis(own.url, 'queue', log);
    await once(connection, 'ready');
    await own.stop();
    const subscriber = createRedis(server.url, 'subscriber', log);
    await uploads.stop();
    uploads = new Uploads({
      ...{ node: 'node', connection, subscriber, store, fences: true, spool, log },
      ...{ attempts: 1, backoffMs: 20, concurrency: 4 },
    });
    stops.push(() => connection.disconnect());
    await kill(await startOwner());
    await sweeper().sweep();
    await vi.waitFor(async () => expect(await spooled()).toEqual([]), 10_000);
    expect(await stored()).toEqual(names(0, 1, 2, 3));
  });

  test('a name that has other bytes is dropped and reported, the rest is stored', async () => {
    await store.put('show/show_001.ts', 'seen', { ...headers.segment, metadata: { origin: 'other' } });
    await kill(await startOwner());
    const sweep = sweeper();
    await sweep.sweep();
    await vi.waitFor(async () => expect(await spooled()).toEqual([]), 10_000);
    await sweep.sweep();
    expect((await store.get('show/show_001.ts'))?.body.toString()).toBe('seen');
    expect(told.mock.calls).toEqual([
      [{ streamId: 'show', run: 'run1' }, expect.stringMatching(/^1 segment.*other bytes/)],
    ]);
    expect(onDropped).toHaveBeenCalledOnce();
  });
});

describe('bounds', () => {
  test('the oldest of a dead owner goes before anything live, and it is reported to the stream', async () => {
    await kill(await startOwner());
    for (const [i, name] of names(0, 1, 2, 3).entries())
      await utimes(join(spool.dir, 'show/run1/170-1', name), 1_000 + i, 1_000 + i);
    const dropped = vi.fn();
    const live = await spool.createEpoch(1, { ...record, streamId: 'live', stems: ['live'] }, { onDropped: dropped });
    await writeSegments(live.dir, 'live', { closed: [0, 1] });
    store.onPut = () => Promise.reject(new StoreError('retry', '503'));
    const used = (await spooledEpochs(spool.dir)).reduce((sum, { bytes }) => sum + bytes, 0);
    await sweeper({ maxBytes: used - 2 * 188 }).sweep();
    expect((await spooled()).filter(name => name.endsWith('.ts'))).toEqual([
      'live/run1/170-1/live_000.ts',
      'live/run1/170-1/live_001.ts',
      ...names(2, 3).map(name => `show/run1/170-1/${name}`),
    ]);
    expect(told.mock.calls).toEqual([
      [{ streamId: 'show', run: 'run1' }, expect.stringMatching(/^2 segment.*SPOOL_MAX_BYTES/)],
    ]);
    expect(dropped).not.toHaveBeenCalled();
  });

  test('a drop of a live stream is reported by its output, and to the waiting upload', async () => {
    const dropped = vi.fn();
    const live = await spool.createEpoch(1, record, { onDropped: dropped });
    await writeSegments(live.dir, 'show', { closed: [0] });
    store.onPut = () => new Promise(() => undefined);
    const file = 'show/run1/170-1/show_000.ts';
    const waiting = uploads.uploadOnce({
      streamId: 'show',
      run: 'run1',
      file,
      key: 'show/show_000.ts',
      ...headers.segment,
    });
    await sweeper({ maxBytes: 1 }).sweep();
    expect(await waiting).toMatchObject({ kind: 'failed', error: { message: 'dropped from the spool: size' } });
    expect(dropped).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^1 segment/));
  });

  test('what could not be reported while Redis is away is reported later', async () => {
    await kill(await startOwner());
    told.mockRejectedValueOnce(new Error('away'));
    store.onPut = () => Promise.reject(new StoreError('retry', '503'));
    const sweep = sweeper({ maxAgeMs: -1 });
    await sweep.sweep();
    await sweep.sweep();
    expect(told).toHaveBeenCalledTimes(2);
    expect(told.mock.calls[1]).toEqual([{ streamId: 'show', run: 'run1' }, expect.stringMatching(/^4 segment.*AGE/)]);
  });
});
