import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logIn } from '../../../api/testing/logIn.ts';
import { keys } from '../../../common/redis/keys.ts';
import { type Child, startChild } from '../harness/childProcess.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const STREAMS = 10_000;
const ATTACK_MS = 12_000;
const RSS_MAX = 600;

let cluster: Cluster;
let redis: Redis;
/** The same API over TLS. */
let tls: Child;
let tlsPort: number;

beforeAll(async () => {
  // Attackers and neighbour have one address here: its limit would keep the attack from what is behind it.
  const limits = { MAX_STREAMS: '20000', RATE_LIMIT_PER_ADDRESS: '0' };
  const env = { ADMIN_PASSWORD: 'pass:word', ADMIN_QUEUES: 'full', LOG_LEVEL: 'info', ...limits };
  cluster = await startCluster({ workers: 0, storage: 'file', env });
  redis = new Redis(cluster.redis.url);
  tls = startChild(process.execPath, [join(root, 'api/main.ts')], {
    cwd: cluster.dir,
    env: { HMAC_SECRET: cluster.hmacSecret, REDIS_URL: cluster.redis.url, API_HOST: '127.0.0.1', API_PORT: '0' },
  });
  tlsPort = Number(new URL(String((await tls.line('listening', 30_000)).url)).port);
  await cluster.client.start('neighbour');
  const record = await redis.hgetall(keys.stream('neighbour'));
  const pipeline = redis.pipeline();
  for (let i = 0; i < STREAMS; i += 1) {
    pipeline.hset(keys.stream(`s${i}`), { ...record, streamId: `s${i}` }).sadd(keys.live, `s${i}`);
  }
  await pipeline.exec();
});
afterAll(async () => {
  redis?.disconnect();
  await tls?.stop();
  await cluster?.stop();
});

const port = (): number => Number(new URL(cluster.apiUrl).port);

/** Peak resident memory (MB). */
async function peakRss(pid: number): Promise<number> {
  const [, kB] = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kB) / 1_024);
}

async function measureNeighbour(during: Promise<unknown>) {
  const workerData = { url: cluster.apiUrl, secret: cluster.hmacSecret, path: '/api/streams/neighbour' };
  const thread = new Worker(new URL('./neighbour.ts', import.meta.url), { workerData });
  await during;
  thread.postMessage('enough');
  const [times] = await once(thread, 'message');
  await thread.terminate();
  return times as { count: number; refused: number; p50: number; p95: number };
}

/** Repeats a request with so many clients until the time is over; how many answers of each status came. */
async function flood(
  clients: number,
  [method, path, body]: [string, string, string],
  headers: () => Record<string, string>,
  forMs = ATTACK_MS,
): Promise<Record<number, number>> {
  const until = performance.now() + forMs;
  const agent = new Agent({ keepAlive: true });
  const statuses: Record<number, number> = {};
  const ask = (): Promise<number> =>
    new Promise(resolve => {
      const all = { ...headers(), 'content-length': Buffer.byteLength(body) };
      const asked = request(`${cluster.apiUrl}${path}`, { method, agent, headers: all }, answer => {
        answer.resume().once('close', () => resolve(answer.statusCode ?? 0));
      });
      asked.once('error', () => resolve(0)).end(body);
    });
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        const status = await ask();
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }),
  );
  agent.destroy();
  return statuses;
}

/** Events' once() would reject at an error, which is how some of these connections end. */
const closeOf = (socket: Socket): Promise<void> => new Promise(done => socket.once('close', () => done()));

/** Bodies of 1.4 GB, one after the other; how many bytes were taken of the longest. */
async function pourBodies(): Promise<number> {
  const until = performance.now() + ATTACK_MS;
  const piece = Buffer.alloc(64 * 1_024);
  let most = 0;
  while (performance.now() < until) {
    const socket = connect(port(), '127.0.0.1').resume();
    socket.on('error', () => undefined);
    const closed = closeOf(socket);
    socket.write('POST /api/streams HTTP/1.1\r\nHost: x\r\nContent-Length: 1400000000\r\n\r\n');
    while (!socket.destroyed && socket.bytesWritten < 1.4e9) {
      if (!socket.write(piece)) await Promise.race([new Promise(done => socket.once('drain', done)), closed]);
    }
    most = Math.max(most, socket.bytesWritten - socket.writableLength);
    socket.destroy();
    await closed;
  }
  return most;
}

/** Opens connections that never say anything whole; how long the last of them was held (ms). */
async function hold(count: number, where: number, send: string): Promise<number> {
  const begun = performance.now();
  const held = Array.from({ length: count }, async () => {
    const socket = connect(where, '127.0.0.1').resume();
    socket.on('error', () => undefined);
    socket.write(send);
    await closeOf(socket);
  });
  await Promise.all(held);
  return performance.now() - begun;
}

async function spoilRedis(): Promise<void> {
  const until = performance.now() + ATTACK_MS;
  await redis.hset(keys.stream('s1'), { state: 'SPINNING', webhookUrls: '[' });
  await redis.del(keys.stream('s2'));
  await redis.set(keys.stream('s2'), 'not a hash');
  while (performance.now() < until) {
    await redis.publish(keys.outbox, 'garbage');
    await redis.publish(keys.outbox, JSON.stringify({ streamId: 'neighbour' }));
    await redis.publish(keys.outbox, 'x'.repeat(1_000_000));
    await redis.zadd(keys.workers, Date.now() + 60_000, 'bad');
    await redis.set(keys.worker('bad'), '{"id":7');
    await redis.hset('bull:uploads-a:b:meta', 'version', 'x');
    await new Promise(done => setTimeout(done, 20));
  }
}

test('strangers over HTTP and in Redis: the API lives, within its memory, and a neighbour is served', async () => {
  const admin = await logIn(cluster.apiUrl, 'admin', 'pass:word');
  const attacks = Promise.all([
    flood(4, ['GET', '/metrics', ''], () => ({})),
    flood(2, ['POST', '/api/start-stream', '{"stream_id":"x"}'], () => ({})),
    flood(2, ['POST', '/api/streams', '{"stream_id":"x"}'], () => ({ 'lt-signature': `t=1,v1=${'a'.repeat(64)}` })),
    flood(1, ['POST', '/admin/queues/api/queues/webhooks/add', '{"jobData":"{\\"url\\":\\"broken\\"}"}'], () => ({
      ...{ ...admin, 'content-type': 'text/plain', 'sec-fetch-site': 'same-site' },
    })),
    pourBodies(),
    hold(200, port(), 'GET /healthz HTTP/1.1\r\nHost: x\r\n'),
    hold(200, tlsPort, ''),
    spoilRedis(),
  ]);
  const busy = await measureNeighbour(attacks);
  const [metrics, unsigned, forged, board, poured, slow, silent] = await attacks;
  const own = { 'content-type': 'application/json', origin: cluster.apiUrl };
  const guesses = await flood(2, ['POST', '/admin/session', '{"user":"admin","password":"guess"}'], () => own, 2_000);
  const rss = await peakRss(cluster.api.pid);

  expect(Object.keys(metrics)).toEqual(['200']);
  expect(Object.keys(unsigned)).toEqual(['400']);
  expect(Object.keys(forged)).toEqual(['403']);
  expect(Object.keys(board)).toEqual(['403']);
  expect(guesses[401]).toBe(10);
  expect(guesses[200]).toBeUndefined();
  expect(poured).toBeLessThan(32e6);
  expect(slow).toBeLessThan(15_000);
  expect(silent).toBeLessThan(15_000);
  expect(await redis.exists('bull:webhooks:wait')).toBe(0);
  expect(busy.refused).toBe(0);
  expect(busy.p50).toBeLessThan(500);
  expect(rss).toBeLessThan(RSS_MAX);
  expect(await peakRss(tls.pid)).toBeLessThan(RSS_MAX);
  expect((await fetch(`${cluster.apiUrl}/healthz`)).status).toBe(200);
  expect((await cluster.client.v1.call('listStreams', {})).data).toEqual(expect.any(Array));
  expect(await cluster.client.v1.workers()).toEqual([]);
  const skips = cluster.api.log.filter(({ msg }) => msg === 'a value in Redis does not parse; it is skipped');
  expect(skips.length).toBeGreaterThan(2);
  expect(skips.length).toBeLessThan(20);
  const guessLines = cluster.api.log.filter(({ msg }) => msg === 'wrong passwords for the admin pages');
  expect(guessLines.length).toBeGreaterThan(0);
  expect(guessLines.length).toBeLessThan(20);
}, 60_000);
