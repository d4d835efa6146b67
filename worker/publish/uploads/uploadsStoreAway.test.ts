import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createRedis } from '../../../common/redis/createRedis.ts';
import type { UploadJob } from '../../../common/redis/queues.ts';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../../common/testing/startRedis.ts';
import { Spool } from '../spool/spool.ts';
import { FolderStore } from '../store/folderStore.ts';
import { headers } from '../store/headers.ts';
import { StoreError } from '../store/storeError.ts';
import { HookedStore } from '../testing/hookedStore.ts';
import type { UploadOutcome } from './uploadOutcome.ts';
import { Uploads } from './uploads.ts';

// Real processes on a machine that others use too.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const log = silentLogger();
const never = new AbortController().signal;
let server: TestRedis;
let dir: string;
let store: HookedStore;
let uploads: Uploads;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await startRedis();
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'uploads-'));
  store = new HookedStore(new FolderStore({ dir: join(dir, 'bucket'), publicUrl: 'http://x' }));
  const node = `node-${Math.random().toString(36).slice(2)}`;
  const connection = createRedis(server.url, 'queue', log);
  const subscriber = createRedis(server.url, 'subscriber', log);
  uploads = new Uploads({
    ...{ node, connection, subscriber, store, fences: true, spool: new Spool(join(dir, 'spool'), node), log },
    ...{ attempts: 2, backoffMs: 20, concurrency: 1, probeMs: 200 },
  });
  uploads.start();
  stops.push(async () => {
    await uploads.stop();
    connection.disconnect();
    subscriber.disconnect();
  });
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await rm(dir, { recursive: true, force: true });
});
afterAll(() => server.stop());

async function job(number: number): Promise<UploadJob> {
  const name = `show_${String(number).padStart(3, '0')}.ts`;
  const file = `show/run1/170-1/${name}`;
  await mkdir(dirname(join(dir, 'spool', file)), { recursive: true });
  await writeFile(join(dir, 'spool', file), 'media');
  return { streamId: 'show', run: 'run1', file, key: `show/${name}`, ...headers.segment };
}

test('a store that was away longer than all attempts gets everything', async () => {
  let away = true;
  store.onPut = put => (away ? Promise.reject(new StoreError('retry', 'away')) : put());
  const outcomes = Promise.all([1, 2, 3, 4, 5].map(async n => uploads.upload(await job(n), never)));
  await vi.waitFor(() => expect(store.puts.length).toBeGreaterThan(12), 20_000);
  away = false;
  expect((await outcomes).map(({ kind }) => kind)).toEqual(Array(5).fill('stored'));
});

test('the live edge goes before what has failed', async () => {
  store.onPut = () => Promise.reject(new StoreError('retry', 'away'));
  const old = uploads.upload(await job(1), never);
  await vi.waitFor(() => expect(store.puts.length).toBeGreaterThan(2), 20_000);
  let release = (): void => undefined;
  const held = new Promise<void>(resolve => {
    release = resolve;
  });
  const stored: string[] = [];
  let released = false;
  store.onPut = async (put, key) => {
    if (key === 'show/show_001.ts' && !released) throw new StoreError('retry', 'away');
    await held;
    stored.push(key);
    return put();
  };
  // Of the new ones the one upload at a time is under way; the others, and perhaps the old one, come while it is.
  const first = uploads.upload(await job(2), never);
  const live = [uploads.upload(await job(3), never), uploads.upload(await job(4), never)];
  await vi.waitFor(() => expect(store.puts.at(-1)?.key).not.toBe('show/show_001.ts'), 10_000);
  released = true;
  release();
  await Promise.all([old, first, ...live]);
  expect(stored.at(-1)).toBe('show/show_001.ts');
});

test.each(['denied', 'config', 'precondition'] as const)('%s is final', async kind => {
  store.onPut = () => Promise.reject(new StoreError(kind, 'no'));
  expect(await uploads.upload(await job(1), never)).toMatchObject({ kind: 'failed', error: { kind } });
  expect(store.puts).toHaveLength(1);
});

test('a file that went in the meantime is final', async () => {
  store.onPut = () => Promise.reject(new StoreError('retry', 'away'));
  const outcome = uploads.upload(await job(1), never);
  await vi.waitFor(() => expect(store.puts.length).toBeGreaterThanOrEqual(2));
  await rm(join(dir, 'spool'), { recursive: true });
  expect(await outcome).toMatchObject({ kind: 'failed', error: { code: 'ENOENT' } });
});

test('a waiting caller that gives up is released', async () => {
  store.onPut = () => Promise.reject(new StoreError('retry', 'away'));
  const giveUp = new AbortController();
  const outcome = uploads.upload(await job(1), giveUp.signal);
  await vi.waitFor(() => expect(store.puts.length).toBeGreaterThanOrEqual(2));
  giveUp.abort();
  expect(await outcome).toEqual({ kind: 'abandoned' });
});

/** So many uploads whose attempts are all used up; numbers in the order in which they were closed. */
async function failAll(count: number): Promise<Promise<UploadOutcome>[]> {
  store.onPut = () => Promise.reject(new StoreError('retry', 'away'));
  const outcomes: Promise<UploadOutcome>[] = [];
  for (let n = 1; n <= count; n += 1) outcomes.push(uploads.upload(await job(n), never));
  await vi.waitFor(() => expect(store.puts.length).toBeGreaterThanOrEqual(2 * count), 20_000);
  return outcomes;
}

test('a success gives turns to two, the newest first', async () => {
  const outcomes = await failAll(5);
  const stored: string[] = [];
  store.onPut = async (put, key) => {
    stored.push(key.slice(-6, -3));
    return put();
  };
  expect(await uploads.upload(await job(6), never)).toEqual({ kind: 'stored' });
  await Promise.all(outcomes);
  // Those that probed just then may come before.
  const turns = stored.slice(stored.indexOf('006') + 1);
  // Two are under way at a time, and read their files first: neighbours may change places.
  for (const [at, name] of turns.toSorted().toReversed().entries()) {
    expect(Math.abs(turns.indexOf(name) - at)).toBeLessThanOrEqual(1);
  }
});

test('stop() abandons what has failed', async () => {
  const outcomes = await failAll(3);
  await uploads.stop();
  expect(await Promise.all(outcomes)).toEqual(Array(3).fill({ kind: 'abandoned' }));
});
