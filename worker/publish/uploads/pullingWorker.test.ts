import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startRedis, type TestRedis } from '../../../common/testing/startRedis.ts';
import { PullingWorker } from './pullingWorker.ts';

let server: TestRedis;
let connection: Redis;
let count = 0;
const workers: PullingWorker<number>[] = [];

beforeAll(async () => {
  server = await startRedis();
  connection = new Redis(server.url, { maxRetriesPerRequest: null });
});
afterEach(async () => {
  for (const worker of workers.splice(0)) {
    await worker.drain();
    await worker.close();
  }
});
afterAll(async () => {
  connection.disconnect();
  await server.stop();
});

/** A queue and a worker of it, which has not begun. */
function pair(process: (n: number) => Promise<void>) {
  count += 1;
  const name = `pulled-${count}`;
  const queue = new Queue<number>(name, { connection });
  const worker = new PullingWorker<number>(name, job => process(job.data), { connection, autorun: false });
  worker.on('error', error => expect.fail(error.message));
  workers.push(worker);
  return { queue, worker };
}

/** Scripts that Redis has run so far, but for their first runs. */
const scripts = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await connection.info('commandstats'))?.[1] ?? 0);

test('a job that is told of is fetched at once, for three scripts in all', async () => {
  const done = vi.fn(async () => undefined);
  const { queue, worker } = pair(done);
  worker.begin(4);
  const add = async (n: number): Promise<void> => {
    await queue.add('n', n, { removeOnComplete: true });
    worker.pull();
    await vi.waitFor(() => expect(done).toHaveBeenCalledTimes(n), { interval: 1 });
  };
  await add(1);
  const before = await scripts();
  const startedAt = performance.now();
  for (let n = 2; n <= 101; n += 1) await add(n);
  await vi.waitFor(async () => expect(await queue.getActiveCount()).toBe(0));
  // Adding, fetching, finishing; and a look twice a second, the stalled check and getActiveCount.
  const looks = Math.ceil((performance.now() - startedAt) / 400) + 10;
  expect((await scripts()) - before).toBeLessThanOrEqual(300 + looks);
});

test('a backlog that nobody tells of is worked off with as many at a time as may be, and not one more', async () => {
  let running = 0;
  let most = 0;
  let done = 0;
  const { queue, worker } = pair(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(resolve => setTimeout(resolve, 20));
    running -= 1;
    done += 1;
  });
  await queue.addBulk(Array.from({ length: 40 }, (_, n) => ({ name: 'n', data: n })));
  worker.begin(4);
  await vi.waitFor(() => expect(done).toBe(40), 5_000);
  expect(most).toBe(4);
});

test('jobs that came while all slots were busy go on as one becomes free', async () => {
  let done = 0;
  const gate = Promise.withResolvers<void>();
  const { queue, worker } = pair(async () => {
    await gate.promise;
    done += 1;
  });
  worker.begin(1);
  for (let n = 0; n < 10; n += 1) {
    await queue.add('n', n);
    worker.pull();
  }
  const startedAt = performance.now();
  gate.resolve();
  await vi.waitFor(() => expect(done).toBe(10), { interval: 5 });
  // By looking twice a second it would have been five.
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test('a failed job is tried again as soon as its pause is over', async () => {
  let tries = 0;
  const { queue, worker } = pair(async () => {
    tries += 1;
    if (tries < 9) throw new Error('not yet');
  });
  worker.begin(4);
  const startedAt = performance.now();
  await queue.add('n', 1, { attempts: 9, backoff: { type: 'fixed', delay: 50 } });
  worker.pull();
  await vi.waitFor(async () => expect(await queue.getCompletedCount()).toBe(1), 8_000);
  // By looking twice a second it would have been four.
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test('takes nothing before it begins, and nothing after it drains; what is under way ends', async () => {
  const done: number[] = [];
  const gate = Promise.withResolvers<void>();
  const { queue, worker } = pair(async n => {
    await gate.promise;
    done.push(n);
  });
  await queue.add('n', 1);
  worker.pull();
  expect(await queue.getWaitingCount()).toBe(1);
  worker.begin(1);
  await vi.waitFor(async () => expect(await queue.getActiveCount()).toBe(1));
  await queue.add('n', 2);
  worker.pull();
  const drained = worker.drain();
  gate.resolve();
  await drained;
  expect(done).toEqual([1]);
  expect(await queue.getWaitingCount()).toBe(1);
});
