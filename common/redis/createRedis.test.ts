import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../testing/silentLogger.ts';
import { startRedis } from '../testing/startRedis.ts';
import { startSentinels } from '../testing/startSentinels.ts';
import { createRedis, type RedisServer } from './createRedis.ts';

const log = silentLogger();
const run = promisify(execFile);
const WAIT = { timeout: 30_000 };

let dir: string;
let stops: (() => unknown)[];

beforeEach(async () => {
  stops = [];
  dir = await mkdtemp(join(tmpdir(), 'livetran-tls-'));
});
afterEach(async () => {
  for (const stop of stops.reverse()) await stop();
  await rm(dir, { recursive: true, force: true });
});

/** One connection of each role, and BullMQ's worker with its blocking connection, which a duplicate is. */
function connect(server: RedisServer) {
  const open = (role: Parameters<typeof createRedis>[1]) => {
    const redis = createRedis(server, role, log);
    stops.push(() => redis.disconnect());
    return redis;
  };
  const [queueing, request, lease, subscriber] = [open('queue'), open('request'), open('lease'), open('subscriber')];
  const queue = new Queue('test', { connection: queueing });
  const done: string[] = [];
  const worker = new Worker('test', async job => void done.push(job.name), { connection: queueing });
  worker.on('error', () => undefined);
  queue.on('error', () => undefined);
  stops.push(
    () => queue.close(),
    () => worker.close(true),
  );
  return { queueing, request, lease, subscriber, queue, done };
}

/** Every role works, and a job that is added reaches a worker that waits for it. */
async function works({ request, lease, subscriber, queue, done }: ReturnType<typeof connect>, word: string) {
  await expect.poll(() => request.set('key', word).catch(() => ''), WAIT).toBe('OK');
  await expect.poll(() => lease.get('key').catch(() => ''), WAIT).toBe(word);
  const heard: string[] = [];
  subscriber.on('message', (_channel, message) => heard.push(message));
  await subscriber.subscribe('channel');
  await expect
    .poll(async () => {
      await request.publish('channel', word).catch(() => undefined);
      return heard;
    }, WAIT)
    .toContain(word);
  await queue.add(word, {});
  await expect.poll(() => done, WAIT).toContain(word);
}

describe('TLS', () => {
  /** A server's certificate for 127.0.0.1, signed by an authority of its own. */
  async function certificates() {
    const file = (name: string): string => join(dir, name);
    const openssl = (...args: string[]) => run('openssl', args);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    await openssl('req', '-x509', ...key, '-keyout', file('ca.key'), '-out', file('ca.pem'), '-subj', '/CN=test CA');
    await openssl('req', ...key, '-keyout', file('redis.key'), '-out', file('redis.csr'), '-subj', '/CN=redis');
    await writeFile(file('ext'), 'subjectAltName=IP:127.0.0.1\n');
    const ca = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
    await openssl('x509', '-req', '-in', file('redis.csr'), ...ca, '-extfile', file('ext'), '-out', file('redis.pem'));
    return { ca: file('ca.pem'), cert: file('redis.pem'), key: file('redis.key') };
  }

  /** A redis-server that also listens with TLS. */
  async function startTls() {
    const { ca, cert, key } = await certificates();
    // A port that was free a moment ago.
    const spare = await startRedis();
    await spare.stop();
    const tls = ['--tls-port', String(spare.port), '--tls-cert-file', cert, '--tls-key-file', key];
    const args = [...tls, '--tls-ca-cert-file', ca, '--tls-auth-clients', 'no'];
    const server = await startRedis(undefined, undefined, { args });
    stops.push(() => server.stop());
    return { url: `rediss://127.0.0.1:${spare.port}`, ca: await readFile(ca, 'utf8') };
  }

  test('works for every role with REDIS_CA, and for none without it', async () => {
    const { url, ca } = await startTls();
    const trusting = connect({ REDIS_URL: url, REDIS_CA: ca });
    await works(trusting, 'encrypted');
    expect(String(await trusting.queueing.call('CLIENT', 'INFO'))).toContain('addr=127.0.0.1');
    const wary = createRedis({ REDIS_URL: url }, 'request', log);
    stops.push(() => wary.disconnect());
    const errors: string[] = [];
    wary.on('error', (error: NodeJS.ErrnoException) => errors.push(String(error.code)));
    await expect.poll(() => errors, WAIT).toContain('SELF_SIGNED_CERT_IN_CHAIN');
    expect(wary.status).not.toBe('ready');
  }, 60_000);
});

describe('Sentinel', () => {
  test('the primary dies: every role goes on with the new one, twice', async () => {
    const sentinels = await startSentinels();
    stops.push(() => sentinels.stop());
    const connections = connect({ REDIS_URL: sentinels.url });
    await works(connections, 'first');
    for (const word of ['second', 'third']) {
      const before = sentinels.primary.port;
      await sentinels.failOver();
      expect(sentinels.primary.port).not.toBe(before);
      await works(connections, word);
      expect(connections.request.stream?.remotePort).toBe(sentinels.primary.port);
    }
  }, 120_000);

  test('a primary that became a replica is left', async () => {
    const sentinels = await startSentinels();
    stops.push(() => sentinels.stop());
    const { url, port } = sentinels.primary;
    // As by an address that still leads to the old one.
    const redis = createRedis(url, 'queue', log);
    stops.push(() => redis.disconnect());
    await redis.set('key', 'before');
    let reconnects = 0;
    redis.on('reconnecting', () => {
      reconnects += 1;
    });
    await redis.replicaof('127.0.0.1', String(port + 1));
    const written = redis.set('key', 'after');
    await expect.poll(() => reconnects, WAIT).toBeGreaterThan(0);
    const direct = createRedis(url, 'request', log);
    stops.push(() => direct.disconnect());
    await expect.poll(() => direct.replicaof('NO', 'ONE').catch(() => ''), WAIT).toBe('OK');
    expect(await written).toBe('OK');
  }, 60_000);
});
