import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createRedis } from '../../../common/redis/createRedis.ts';
import { EntryParser } from '../../../common/redis/entryParser.ts';
import { keys } from '../../../common/redis/keys.ts';
import { createQueue, queueNames } from '../../../common/redis/queues.ts';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../../common/testing/startRedis.ts';
import { UploadWorker } from './uploadWorker.ts';

let server: TestRedis;
let redis: Redis;
/** Another one for each test: Redis may know the connection of the one before for a while. */
let node = 'node-0';
let tests = 0;
const stops: (() => Promise<void>)[] = [];
const log = silentLogger();

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(() => {
  tests += 1;
  node = `node-${tests}`;
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  redis?.disconnect();
  await server?.stop();
});

function startWorker() {
  const connection = createRedis(server.url, 'queue', log);
  const subscriber = createRedis(server.url, 'subscriber', log);
  const entries = new EntryParser();
  const stored: string[] = [];
  const settle = (key: string): boolean => stored.push(key) > 0;
  const put = vi.fn(async () => undefined);
  const worker = new UploadWorker({ node, connection, subscriber, put, settle, concurrency: 1, entries, log });
  worker.start();
  stops.push(async () => {
    await worker.stop();
    connection.disconnect();
    subscriber.disconnect();
  });
  return { entries, stored, put };
}

test.each([
  ['garbage', 'garbage'],
  ['nothing', ''],
  ['a key of another stream', 'show other/show_001.ts'],
  ['1 MB', `show show/${'x'.repeat(1_000_000)}`],
])('a message about a stored segment that is %s is counted, and the next one is read', async (_name, text) => {
  const { entries, stored } = startWorker();
  // PUBLISH answers how many connections got the message.
  await vi.waitFor(async () => expect(await redis.publish(keys.storedChannel(node), text)).toBe(1));
  await redis.publish(keys.storedChannel(node), 'show show/show_001.ts');
  await vi.waitFor(() => expect(stored).toEqual(['show/show_001.ts']));
  expect(entries.counts().get('stored message')).toBe(1);
});

test('a job whose payload is that of no upload fails, and is counted', async () => {
  const { entries, put } = startWorker();
  const queue = createQueue<unknown>(queueNames.uploads(node), redis, { attempts: 3 });
  stops.push(() => queue.close());
  await queue.add('upload', { streamId: 'show', run: 'r', file: '../../etc/passwd', key: 'show/a' }, { jobId: 'bad' });
  await vi.waitFor(async () => expect(await queue.getJobState('bad')).toBe('failed'));
  expect(entries.counts().get('job of uploads')).toBe(1);
  expect(put).not.toHaveBeenCalled();
});
