import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { createQueue, queueNames, type StreamJob, streamJobId, streamJobOptions } from '../../common/redis/queues.ts';
import { LostWorkerScript } from '../../common/routers/lostWorkerScript.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { Spool } from '../publish/spool/spool.ts';
import { DeadWorkers } from './deadWorkers.ts';
import { LeaseScripts } from './leaseScripts.ts';

const holder = `
  import { ProcessLiveness } from ${JSON.stringify(new URL('./processLiveness.ts', import.meta.url).href)};
  const liveness = new ProcessLiveness(process.argv[1]);
  await liveness.hold();
  console.log(liveness.own);`;
const LEASE_MS = 60_000;

let server: TestRedis;
let redis: Redis;
let queue: Queue<StreamJob>;
let dir: string;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  queue = createQueue<StreamJob>(queueNames.streams, redis, streamJobOptions);
  dir = await mkdtemp(join(tmpdir(), 'dead-workers-'));
});
afterAll(async () => {
  await queue.close();
  redis.disconnect();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

/** A stream that a process of this host runs, as Redis sees it. */
async function running(streams: StreamStore, scripts: LeaseScripts, streamId: string, mark: string): Promise<string> {
  const run = await streams.start(streamId, { profile: 'transcode', webhookUrls: [] });
  await queue.add('stream', { streamId, run }, { jobId: streamJobId(streamId, run) });
  const consumer = new Worker<StreamJob>(queueNames.streams, undefined, { connection: redis, lockDuration: LEASE_MS });
  await consumer.getNextJob(`lock of ${streamId}`);
  await consumer.close();
  await scripts.acquire(streamId, run, `${mark}/claim`, LEASE_MS);
  return run;
}

test('a dead worker’s streams are free at once, with their jobs; a frozen one’s, and one’s of another host are not', async () => {
  const [streams, scripts] = [new StreamStore(redis), new LeaseScripts(redis)];
  const spool = new Spool(dir, 'node');
  await spool.claim();
  await spool.liveness.hold();
  const children = [0, 1].map(() =>
    spawn(process.execPath, ['--input-type=module', '-e', holder, dir], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const marks = await Promise.all(children.map(async ({ stdout }) => String(await once(stdout, 'data')).trim()));
  const [killed, frozen] = children;
  const [killedMark = '', frozenMark = ''] = marks;
  const runs = {
    killed: await running(streams, scripts, 'killed', killedMark),
    frozen: await running(streams, scripts, 'frozen', frozenMark),
    elsewhere: await running(streams, scripts, 'elsewhere', '.owner-of-another-host'),
  };
  const watch = new DeadWorkers({ liveness: spool.liveness, streams, scripts, queue, redis, log: silentLogger() });
  watch.start();
  frozen?.kill('SIGSTOP');
  killed?.kill('SIGKILL');
  const jobState = (id: keyof typeof runs) => queue.getJobState(streamJobId(id, runs[id]));
  await expect.poll(() => jobState('killed'), { timeout: 20_000 }).toBe('waiting');
  expect((await scripts.acquire('killed', runs.killed, 'other/claim', LEASE_MS)).kind).toBe('taken');
  for (const id of ['frozen', 'elsewhere'] as const) {
    expect(await jobState(id)).toBe('active');
    expect((await scripts.acquire(id, runs[id], 'other/claim', LEASE_MS)).kind).toBe('held');
  }
  // It has another owner now, and is not given away a second time.
  expect(await scripts.forfeit('killed', runs.killed, killedMark)).toBe(false);
  frozen?.kill('SIGKILL');
  await watch.stop();
  await spool.liveness.release();
});

test('a stream whose worker a router reports is free at once, whichever host that is of; a report about an earlier owner changes nothing', async () => {
  const [streams, scripts] = [new StreamStore(redis), new LeaseScripts(redis)];
  const spool = new Spool(dir, 'node');
  const lost = new LostWorkerScript();
  await queue.drain();
  const run = await running(streams, scripts, 'reported', '.owner-of-another-host');
  const token = (await redis.hget(keys.stream('reported'), 'token')) ?? '';
  const watch = new DeadWorkers({
    ...{ liveness: spool.liveness, streams, scripts, queue, redis },
    log: silentLogger(),
  });
  const jobState = () => queue.getJobState(streamJobId('reported', run));
  expect(await lost.run(redis, { streamId: 'reported', run, token: '1' })).toBe(false);
  await watch.takeBack('reported');
  expect(await jobState()).toBe('active');
  expect(await lost.run(redis, { streamId: 'reported', run, token })).toBe(true);
  // Every worker hears of it, and one queues the job again.
  await Promise.all([1, 2, 3].map(() => watch.takeBack('reported')));
  expect(await jobState()).toBe('waiting');
  const held = { streamId: 'reported', run, token };
  expect((await scripts.renew(held, LEASE_MS)).kind).toBe('fenced');
  expect((await scripts.acquire('reported', run, 'other/claim', LEASE_MS)).kind).toBe('taken');
  expect(await lost.run(redis, { streamId: 'reported', run, token })).toBe(false);
});
