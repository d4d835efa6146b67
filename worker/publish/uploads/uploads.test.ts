import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRedis } from '../../../common/redis/createRedis.ts';
import { keys } from '../../../common/redis/keys.ts';
import { createQueue, queueNames, type UploadJob } from '../../../common/redis/queues.ts';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../../common/testing/startRedis.ts';
import { Spool } from '../spool/spool.ts';
import { FolderStore } from '../store/folderStore.ts';
import { headers } from '../store/headers.ts';
import { StoreError } from '../store/storeError.ts';
import { HookedStore } from '../testing/hookedStore.ts';
import { uploadJobId } from './uploadJobs.ts';
import { Uploads } from './uploads.ts';

// Real processes on a machine that others use too.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let server: TestRedis;
let redis: Redis;
let dir: string;
let store: HookedStore;
let node: string;
const stops: (() => Promise<void>)[] = [];
const log = silentLogger();

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'uploads-'));
  store = new HookedStore(new FolderStore({ dir: join(dir, 'bucket'), publicUrl: 'http://x' }));
  node = `node-${Math.random().toString(36).slice(2)}`;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await rm(dir, { recursive: true, force: true });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** One worker process's end of the queue. */
function uploadQueue(
  options: { runs?: boolean; attempts?: number; backoffMs?: number; jobs?: 'all' | 'retries' } = {},
): Uploads {
  const connection = createRedis(server.url, 'queue', log);
  const subscriber = createRedis(server.url, 'subscriber', log);
  const spool = new Spool(join(dir, 'spool'), node);
  const { attempts = 3, runs = true, backoffMs = 20, jobs = 'all' } = options;
  const common = { node, connection, subscriber, store, fences: true, spool, log };
  const queue = new Uploads({ ...common, attempts, backoffMs, jobs, concurrency: 4 });
  if (runs) queue.start();
  stops.push(async () => {
    await queue.stop();
    connection.disconnect();
    subscriber.disconnect();
  });
  return queue;
}

async function job(number: number, body = 'media'): Promise<UploadJob> {
  const name = `show_${String(number).padStart(3, '0')}.ts`;
  const file = `show/run1/170-1/${name}`;
  await mkdir(dirname(join(dir, 'spool', file)), { recursive: true });
  await writeFile(join(dir, 'spool', file), body);
  return { streamId: 'show', run: 'run1', file, key: `show/${name}`, ...headers.segment };
}

test('a file of the spool gets into the store, and the waiting caller is notified', async () => {
  const uploads = uploadQueue();
  expect(await uploads.uploadOnce(await job(1, 'bytes'))).toEqual({ kind: 'stored' });
  expect((await store.get('show/show_001.ts'))?.body.toString()).toBe('bytes');
});

test('uploads do not wait for one another', async () => {
  const uploads = uploadQueue();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  store.onPut = (put, key) => (key.endsWith('_001.ts') ? held.then(put) : put());
  const slow = uploads.uploadOnce(await job(1));
  expect(await uploads.uploadOnce(await job(2))).toEqual({ kind: 'stored' });
  release();
  expect(await slow).toEqual({ kind: 'stored' });
});

test('a passing failure is retried, and is no failure', async () => {
  const uploads = uploadQueue();
  let failures = 0;
  store.onPut = put => (++failures < 3 ? Promise.reject(new StoreError('retry', '500')) : put());
  expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' });
  expect(store.puts).toHaveLength(3);
});

test('a store that asks for patience gets it without using up attempts', async () => {
  const uploads = uploadQueue({ attempts: 1 });
  let throttled = 0;
  store.onPut = put =>
    ++throttled <= 2 ? Promise.reject(new StoreError('throttled', '429', { retryAfterMs: 50 })) : put();
  expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' });
});

describe('final failures', () => {
  test('after the last attempt, with the cause', async () => {
    const uploads = uploadQueue({ attempts: 2 });
    store.onPut = () => Promise.reject(new StoreError('retry', 'still 500'));
    expect(await uploads.uploadOnce(await job(1))).toMatchObject({ kind: 'failed', error: { message: 'still 500' } });
    expect(store.puts).toHaveLength(2);
  });

  test.each(['denied', 'config'] as const)('%s: at once', async kind => {
    const uploads = uploadQueue();
    store.onPut = () => Promise.reject(new StoreError(kind, 'no'));
    expect(await uploads.uploadOnce(await job(1))).toMatchObject({ kind: 'failed', error: { kind } });
    expect(store.puts).toHaveLength(1);
  });

  test('a file that is gone', async () => {
    const uploads = uploadQueue();
    const gone = { ...(await job(1)), file: 'show/run1/170-1/show_999.ts' };
    expect(await uploads.uploadOnce(gone)).toMatchObject({ kind: 'failed', error: { code: 'ENOENT' } });
  });

  test('a name that is taken by other bytes stays as it is', async () => {
    await store.put('show/show_001.ts', 'seen by viewers', {
      ...headers.segment,
      metadata: { origin: 'show/run0/160-1' },
    });
    const uploads = uploadQueue();
    expect(await uploads.uploadOnce(await job(1))).toMatchObject({ kind: 'failed', error: { kind: 'precondition' } });
    expect((await store.get('show/show_001.ts'))?.body.toString()).toBe('seen by viewers');
  });

  test('in another process: the failed job says what kind of failure it was', async () => {
    const waiting = uploadQueue({ runs: false });
    uploadQueue({ attempts: 1 });
    store.onPut = () => Promise.reject(new StoreError('denied', 'no rights'));
    const outcome = waiting.uploadOnce(await job(1));
    await vi.waitFor(() => expect(store.puts).toHaveLength(1));
    await stops[0]?.();
    expect(await outcome).toEqual({ kind: 'abandoned' });
    const asking = uploadQueue();
    expect(await asking.uploadOnce(await job(1))).toMatchObject({
      kind: 'failed',
      error: { kind: 'denied', message: 'no rights' },
    });
  });
});

describe('only retries are jobs', () => {
  /** Jobs that Redis has or had. */
  const jobs = async (): Promise<number> => {
    const queue = new Queue(queueNames.uploads(node), { connection: redis });
    stops.push(() => queue.close());
    const counts = await queue.getJobCounts();
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  };

  test('what the store takes at once is none', async () => {
    const uploads = uploadQueue({ jobs: 'retries' });
    expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' });
    expect(await jobs()).toBe(0);
  });

  test('what failed becomes one, with the attempts that are left', async () => {
    const uploads = uploadQueue({ jobs: 'retries' });
    let failures = 0;
    store.onPut = put => (++failures < 3 ? Promise.reject(new StoreError('retry', '500')) : put());
    expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' });
    expect(store.puts).toHaveLength(3);
    store.onPut = () => Promise.reject(new StoreError('retry', 'still 500'));
    expect(await uploads.uploadOnce(await job(2))).toMatchObject({ kind: 'failed', error: { message: 'still 500' } });
    expect(store.puts).toHaveLength(6);
    expect(await jobs()).toBe(2);
  });

  test('a store that asks for patience gets it', async () => {
    const uploads = uploadQueue({ jobs: 'retries' });
    const at: number[] = [];
    store.onPut = put => {
      at.push(performance.now());
      return at.length > 1 ? put() : Promise.reject(new StoreError('throttled', '429', { retryAfterMs: 300 }));
    };
    expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' });
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(300);
  });

  test.each([
    ['an operator must act', 3, new StoreError('denied', 'no')],
    ['one attempt is all', 1, new StoreError('retry', '500')],
  ])('%s: failed without one', async (_name, attempts, error) => {
    const uploads = uploadQueue({ jobs: 'retries', attempts });
    store.onPut = () => Promise.reject(error);
    expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'failed', error });
    expect(await jobs()).toBe(0);
  });
});

test('the lost answer of our own PUT is no foreign object', async () => {
  const uploads = uploadQueue();
  store.onPut = async put => {
    store.onPut = next => next();
    await put();
    throw new StoreError('retry', 'reset', { ambiguous: true });
  };
  expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' });
});

test('another process of the node may do the upload: reported by pub/sub, before any poll', async () => {
  const listener = new Redis(server.url);
  stops.push(async () => listener.disconnect());
  const messages: string[] = [];
  listener.on('message', (_channel, message: string) => messages.push(message));
  await listener.subscribe(keys.storedChannel(node));
  const mine = uploadQueue();
  const theirs = uploadQueue();
  // Both take jobs now.
  await Promise.all([mine.uploadOnce(await job(100)), theirs.uploadOnce(await job(101))]);
  // As many as both may do at a time, each for longer than the other takes to see that there are some.
  store.onPut = async put => {
    await sleep(1_500);
    return put();
  };
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      const each = await job(i);
      const startedAt = performance.now();
      return { outcome: await mine.uploadOnce(each), ms: performance.now() - startedAt };
    }),
  );
  expect(outcomes.every(({ outcome }) => outcome.kind === 'stored')).toBe(true);
  expect(Math.max(...outcomes.map(({ ms }) => ms))).toBeLessThan(2_900);
  // Each connection is told on its own: the one that waited may be the first.
  await vi.waitFor(() => expect(messages).toContainEqual(expect.stringMatching(/^show show\/show_0\d\d\.ts$/)), 10_000);
});

test('a message that was lost costs a question, not the segment', async () => {
  const uploads = uploadQueue();
  const first = await job(1);
  await uploads.uploadOnce(first);
  // The job is there already, completed: no worker runs it again, so nobody tells.
  expect(await uploads.uploadOnce(first)).toEqual({ kind: 'stored' });
  expect(store.puts).toHaveLength(1);
});

test('a job that Redis has lost is queued again', async () => {
  const uploads = uploadQueue();
  const queue = new Queue(queueNames.uploads(node), { connection: redis });
  stops.push(() => queue.close());
  await queue.pause();
  const lost = await job(1);
  const outcome = uploads.uploadOnce(lost);
  await vi.waitFor(async () => expect(await queue.getJob(uploadJobId(lost))).toBeDefined());
  await queue.remove(uploadJobId(lost));
  await queue.resume();
  expect(await outcome).toEqual({ kind: 'stored' });
});

test('a waiting caller that gives up is released, and the job stays queued', async () => {
  const uploads = uploadQueue();
  const giveUp = new AbortController();
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  store.onPut = put => held.then(put);
  const outcome = uploads.uploadOnce(await job(1), { signal: giveUp.signal });
  await vi.waitFor(() => expect(store.puts).toHaveLength(1));
  giveUp.abort();
  expect(await outcome).toEqual({ kind: 'abandoned' });
  release();
  await vi.waitFor(async () => expect(await store.head('show/show_001.ts')).toBeDefined());
});

describe('Redis away', () => {
  /** A queue of its own Redis, which may be frozen and stopped. */
  async function onOwnRedis(jobs: 'all' | 'retries' = 'all') {
    const own = await startRedis();
    stops.push(() => own.stop());
    const connection = createRedis(own.url, 'queue', log);
    const subscriber = createRedis(own.url, 'subscriber', log);
    const spool = new Spool(join(dir, 'spool'), node);
    const uploads = new Uploads({
      ...{ node, connection, subscriber, store, fences: true, spool, log },
      ...{ attempts: 3, backoffMs: 20, concurrency: 2, jobs },
    });
    uploads.start();
    stops.push(async () => {
      await uploads.stop();
      connection.disconnect();
      subscriber.disconnect();
    });
    const observer = createRedis(own.url, 'queue', log);
    stops.push(async () => observer.disconnect());
    return { own, uploads, spool, queue: createQueue<UploadJob>(queueNames.uploads(node), observer, {}) };
  }

  test('frozen: stored directly within a second, once; the job that Redis finds later does no harm', async () => {
    const { own, uploads, spool, queue } = await onOwnRedis();
    expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' });
    process.kill(own.pid, 'SIGSTOP');
    const second = await job(2);
    const startedAt = performance.now();
    expect(await uploads.uploadOnce(second)).toEqual({ kind: 'stored' });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    await spool.removeFile(second.file);
    process.kill(own.pid, 'SIGCONT');
    await vi.waitFor(async () => expect(await queue.getJobState(uploadJobId(second))).toBe('completed'), 10_000);
    expect(store.puts.map(put => put.key)).toEqual(['show/show_001.ts', 'show/show_002.ts']);
  });

  test('while only retries are jobs: all attempts are made here', async () => {
    const { own, uploads } = await onOwnRedis('retries');
    await own.stop();
    let failures = 0;
    store.onPut = put => (++failures < 3 ? Promise.reject(new StoreError('retry', '500')) : put());
    expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' });
  });

  test('silent after it took the job: the file does not wait for it', async () => {
    const { own, uploads, queue } = await onOwnRedis();
    expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' });
    await queue.pause();
    const waiting = await job(2);
    const outcome = uploads.uploadOnce(waiting);
    await vi.waitFor(async () => expect(await queue.getJob(uploadJobId(waiting))).toBeDefined());
    await own.stop();
    expect(await outcome).toEqual({ kind: 'stored' });
  });

  test('stopped: retried with the same patience, newest first, left files of dead owners last', async () => {
    const { own, uploads } = await onOwnRedis();
    await own.stop();
    await vi.waitFor(async () => expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' }));
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    let failed = false;
    store.onPut = async (put, key) => {
      await opened;
      if (key.endsWith('_015.ts') && !failed) {
        failed = true;
        throw new StoreError('retry', '500');
      }
      return put();
    };
    const late = uploads.uploadOnce(await job(20), { late: true });
    const live = [];
    for (const n of [11, 12, 13, 14, 15]) live.push(uploads.uploadOnce(await job(n)));
    await vi.waitFor(() => expect(store.puts).toHaveLength(3));
    open();
    expect(await Promise.all([...live, late])).toEqual(Array.from({ length: 6 }, () => ({ kind: 'stored' })));
    const order = store.puts.slice(3).map(({ key }) => key.slice(-6, -3));
    expect(order.indexOf('015')).toBeLessThan(order.indexOf('012'));
    expect(order.filter(number => number === '015')).toHaveLength(2);
  });

  test('its return is reported', async () => {
    const { own, uploads } = await onOwnRedis();
    await uploads.uploadOnce(await job(1));
    const back = vi.fn();
    uploads.onBack(back);
    process.kill(own.pid, 'SIGSTOP');
    await uploads.uploadOnce(await job(2));
    expect(back).not.toHaveBeenCalled();
    process.kill(own.pid, 'SIGCONT');
    await vi.waitFor(() => expect(back).toHaveBeenCalled());
  });

  test('store and Redis away: stop() lets go of who waits, and does not wait itself', async () => {
    const { own, uploads } = await onOwnRedis();
    await uploads.uploadOnce(await job(1));
    store.onPut = (_put, _key, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new StoreError('aborted', 'aborted')));
      });
    await own.stop();
    const never = uploads.uploadOnce(await job(2));
    const stoppedAt = performance.now();
    await uploads.stop();
    expect(await never).toEqual({ kind: 'abandoned' });
    expect(performance.now() - stoppedAt).toBeLessThan(5_000);
  });
});

test('a left file whose job has failed is tried again', async () => {
  const uploads = uploadQueue({ attempts: 1 });
  store.onPut = () => Promise.reject(new StoreError('retry', '500'));
  const left = await job(1);
  expect(await uploads.uploadOnce(left)).toMatchObject({ kind: 'failed' });
  store.onPut = put => put();
  await vi.waitFor(async () => expect(await uploads.uploadOnce(left, { late: true })).toEqual({ kind: 'stored' }));
});

test('a left file whose job waits for a far attempt does not wait with it', async () => {
  const uploads = uploadQueue();
  const left = await job(1);
  const queue = new Queue(queueNames.uploads(node), { connection: redis });
  stops.push(() => queue.close());
  await queue.add('upload', left, { jobId: uploadJobId(left), delay: 600_000 });
  expect(await uploads.uploadOnce(left, { late: true })).toEqual({ kind: 'stored' });
});

test('the store’s return is reported', async () => {
  const uploads = uploadQueue({ attempts: 1 });
  await uploads.uploadOnce(await job(1));
  const back = vi.fn();
  uploads.onBack(back);
  store.onPut = () => Promise.reject(new StoreError('retry', '500'));
  await uploads.uploadOnce(await job(2));
  store.onPut = put => put();
  await uploads.uploadOnce(await job(3));
  expect(back).toHaveBeenCalledOnce();
});

test('the store’s return ends the pauses between attempts', async () => {
  const uploads = uploadQueue({ attempts: 2, backoffMs: 3_000 });
  store.onPut = () => Promise.reject(new StoreError('retry', '503'));
  expect((await uploads.uploadOnce(await job(1))).kind).toBe('failed');
  const paused = uploads.uploadOnce(await job(2));
  await vi.waitFor(async () => expect(await redis.zcard(`bull:${queueNames.uploads(node)}:delayed`)).toBe(1));
  store.onPut = put => put();
  const backAt = performance.now();
  expect(await uploads.uploadOnce(await job(3))).toEqual({ kind: 'stored' });
  expect(await paused).toEqual({ kind: 'stored' });
  expect(performance.now() - backAt).toBeLessThan(2_000);
});

test('a caller that waits for a dropped file is notified', async () => {
  const uploads = uploadQueue();
  store.onPut = () => new Promise(() => undefined);
  const dropped = await job(1);
  const outcome = uploads.uploadOnce(dropped);
  uploads.giveUp(dropped, new Error('no room'));
  expect(await outcome).toMatchObject({ kind: 'failed', error: { message: 'no room' } });
});

describe('jobs that others left', () => {
  test('none is taken before the start; then as many at a time as configured, and not one more', async () => {
    const uploads = uploadQueue({ runs: false });
    const queue = createQueue<UploadJob>(queueNames.uploads(node), redis, {});
    stops.push(() => queue.close());
    const left = await Promise.all(Array.from({ length: 20 }, (_, n) => job(n)));
    await queue.addBulk(left.map(data => ({ name: 'upload', data, opts: { jobId: uploadJobId(data) } })));
    expect(await uploads.uploadOnce(await job(99), { signal: AbortSignal.timeout(100) })).toEqual({
      kind: 'abandoned',
    });
    expect(store.puts).toEqual([]);
    let [running, most] = [0, 0];
    store.onPut = async put => {
      running += 1;
      most = Math.max(most, running);
      await sleep(20);
      running -= 1;
      return put();
    };
    uploads.start();
    await vi.waitFor(() => expect(store.puts).toHaveLength(21), 10_000);
    await vi.waitFor(async () => expect(await queue.getCompletedCount()).toBe(21), 10_000);
    expect(most).toBe(4);
  });

  test('none is taken after the stop; those under way end', async () => {
    const uploads = uploadQueue();
    const gate = Promise.withResolvers<void>();
    store.onPut = put => gate.promise.then(put);
    const outcomes = Array.from({ length: 5 }, async (_, n) => uploads.uploadOnce(await job(n)));
    await vi.waitFor(() => expect(store.puts).toHaveLength(4), 10_000);
    const stopped = uploads.stop();
    gate.resolve();
    await stopped;
    expect(store.puts).toHaveLength(4);
    const kinds = (await Promise.all(outcomes)).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['abandoned', 'stored', 'stored', 'stored', 'stored']);
    const queue = createQueue<UploadJob>(queueNames.uploads(node), redis, {});
    stops.push(() => queue.close());
    expect(await queue.getWaitingCount()).toBe(1);
  });
});

test('the next attempt begins when its pause is over', async () => {
  const uploads = uploadQueue({ attempts: 4, backoffMs: 100 });
  const at: number[] = [];
  store.onPut = put => {
    at.push(performance.now());
    return at.length < 4 ? Promise.reject(new StoreError('retry', '500')) : put();
  };
  expect(await uploads.uploadOnce(await job(1))).toEqual({ kind: 'stored' });
  // 100, 200 and 400 ms with a jitter of 0.3. Three looks once a second would take longer.
  expect((at[3] ?? 0) - (at[0] ?? 0)).toBeLessThan(2_500);
});
