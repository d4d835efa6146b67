import { Queue } from 'bullmq';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keys } from '../../../common/redis/keys.ts';
import { queueNames } from '../../../common/redis/queues.ts';
import type { Child } from '../harness/childProcess.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { startEncoder } from '../harness/encoder.ts';
import { peakRss } from '../harness/peakRss.ts';
import { PlaylistOracle } from '../harness/playlistOracle.ts';
import { tinySource, tinyStreams } from '../harness/tinyStreams.ts';
import { waitFor } from '../harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../harness/webhookReceiver.ts';
import { hostileValues } from './hostileValues.ts';

const NODE = 'test-node';
const EACH = 40;
const MOST_BYTES = 600_000_000;
/** Printed, so that a run that failed can be repeated with it. */
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000);

let cluster: Cluster;
let app: WebhookReceiver;
let redis: Redis;
const encoders: Child[] = [];

beforeAll(async () => {
  cluster = await startCluster({ storage: 'file', env: { ...tinyStreams, LOG_LEVEL: 'info' } });
  app = await startWebhookReceiver(cluster.hmacSecret);
  redis = new Redis(cluster.redis.url, { maxRetriesPerRequest: null });
});
afterAll(async () => {
  for (const encoder of encoders) await encoder.stop();
  redis?.disconnect();
  await cluster?.stop();
  await app?.close();
});

const sample = <Value>(arbitrary: fc.Arbitrary<Value>, salt: number): Value[] =>
  fc.sample(arbitrary, { numRuns: EACH, seed: seed + salt });

/** Jobs whose payload is anything, and job hashes that BullMQ did not write. */
async function fuzzQueues(): Promise<void> {
  const names = [queueNames.streams, queueNames.uploads(NODE), queueNames.webhooks, queueNames.retention];
  for (const [i, name] of names.entries()) {
    const queue = new Queue(name, { connection: redis });
    for (const payload of sample(hostileValues.payload, i)) {
      await queue.add('fuzz', payload as object);
      if (name === queueNames.retention) await queue.add('recording', payload as object);
    }
    for (const [data, opts] of [
      ['{', '{}'],
      ['1', 'garbage'],
      ['null', '{"attempts":"many","backoff":{"type":"none"}}'],
    ] as const) {
      const id = `raw${data.length}${opts.length}`;
      await redis.hset(`bull:${name}:${id}`, { data, opts, name: 'fuzz' });
      await redis.lpush(`bull:${name}:wait`, id);
    }
    await queue.close();
  }
}

/** Messages on every channel, and entries of the outbox. */
async function fuzzMessages(): Promise<void> {
  for (const channel of [keys.outbox, keys.wakeChannel, keys.storedChannel(NODE)])
    for (const message of sample(hostileValues.text, 10)) await redis.publish(channel, message);
  for (const fields of sample(hostileValues.hash, 11)) {
    const list = Object.entries(fields).flat();
    await redis.publish(keys.outbox, JSON.stringify(list));
    for (const key of [keys.outbox, keys.eventHistory, keys.streamEvents('neighbour')])
      await redis.xadd(key, '*', ...list);
  }
}

/** Records of every kind, of other types too, beside the neighbour's. */
async function fuzzRecords(): Promise<void> {
  for (const [i, hash] of sample(hostileValues.hash, 20).entries()) {
    const id = `fuzz-${i}`;
    await redis.hset(keys.stream(id), hash);
    await redis.sadd(keys.live, id);
    await redis.zadd(keys.index, Date.now() + i, id);
  }
  for (const [i, text] of sample(hostileValues.text, 21).entries()) {
    const id = i % 2 === 0 ? `text-${i}` : text;
    await redis.set(keys.stream(id), text);
    await redis.sadd(keys.live, id);
    await redis.zadd(keys.index, Date.now() + i, id);
    await redis.set(keys.worker(id), text);
    await redis.zadd(keys.workers, Date.now() + 60_000, id);
    await redis.zadd(keys.nodes, Date.now() - 10 * 86_400_000, id);
    await redis.set(keys.ledger(`ledger-${i}`), text);
    await redis.set(keys.ports(`node-${i}`), text);
    await redis.set(`${keys.webhooks}lane:fuzz-${i}:0123456789abcdef`, text);
  }
}

const streamOf = async (id: string) => (await cluster.client.stream(id))?.state;

test('hostile values in every queue, channel and record end no process, and a neighbour lives on', async () => {
  console.log(`FUZZ_SEED=${seed}`);
  const { client } = cluster;
  await client.start('neighbour', { webhook_urls: [app.url] });
  const { srt_url: srtUrl } = await client.inState('neighbour', 'READY');
  encoders.push(startEncoder({ srtUrl: String(srtUrl), ...tinySource }));
  const link = await client.link('neighbour', 30_000);
  const oracle = new PlaylistOracle(link);
  const processes = [cluster.api, ...cluster.workers];
  const ended = Promise.race(processes.map(child => child.exited.then(end => ({ pid: child.pid, ...end }))));

  await fuzzRecords();
  await fuzzQueues();
  await fuzzMessages();
  await waitFor('the outbox to be empty', async () => (await redis.xlen(keys.outbox)) === 0, 30_000);
  await waitFor(
    'the webhook jobs to be done with',
    async () => (await redis.llen('bull:webhooks:wait')) + (await redis.zcard('bull:webhooks:prioritized')) === 0,
    30_000,
  );

  // Everything works beside it: the list, a new stream from start to STOPPED, the neighbour.
  expect((await fetch(`${cluster.apiUrl}/readyz`)).status).toBe(200);
  expect((await client.v1.call('listStreams', {})).data.length).toBeGreaterThan(0);
  await client.start('after', { webhook_urls: [app.url] });
  await client.inState('after', 'READY', 30_000);
  await client.stop('after');
  await waitFor('STOPPED of the new stream', () =>
    app.received.some(event => event.StreamId === 'after' && event.Status === 'STOPPED'),
  );
  const listed = async () => /MEDIA-SEQUENCE:(\d+)/.exec(await (await fetch(link)).text())?.[1];
  const before = await listed();
  await waitFor('the neighbour to go on', async () => (await listed()) !== before, 30_000);
  expect(await streamOf('neighbour')).toBe('STREAMING');
  await client.stop('neighbour');
  await client.inState('neighbour', 'STOPPED', 30_000);
  expect((await oracle.stop()).violations).toEqual([]);

  const running = new Promise(resolve => setImmediate(resolve, 'running'));
  expect(await Promise.race([ended, running])).toBe('running');
  const fatal = processes.flatMap(({ log }) => log.filter(({ level }) => Number(level) >= 60 || level === 'fatal'));
  expect(fatal).toEqual([]);
  const skipped = processes.flatMap(({ log }) =>
    log.filter(({ msg }) => msg?.startsWith('a value in Redis does not parse')),
  );
  expect(new Set(skipped.map(({ kind }) => kind))).toEqual(
    new Set([
      ...skipped.map(({ kind }) => kind),
      'job of webhooks',
      'job of streams',
      'job of uploads',
      'job of retention',
      'outbox entry',
    ]),
  );
  const peaks = await Promise.all(processes.map(child => peakRss(child.pid)));
  expect(Math.max(...peaks)).toBeLessThan(MOST_BYTES);
});
