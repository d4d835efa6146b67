import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { EntryParser } from '../redis/entryParser.ts';
import { keys } from '../redis/keys.ts';
import { startRedis } from '../testing/startRedis.ts';
import { sampleOf } from '../testing/streamSamples.ts';
import { StreamSamples } from './streamSamples.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
let samples: StreamSamples;
const show = { streamId: 'show', run: 'r1' };
const other = { streamId: 'other', run: 'r2' };

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  samples = new StreamSamples(redis);
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const read = (run: typeof show, count: number) => samples.read(run, count);

test('the last samples of each run can be read, oldest first, and they expire', async () => {
  await samples.append([1, 2, 3].map(time => ({ ...show, sample: sampleOf(time) })));
  await samples.append([{ ...other, sample: sampleOf(9) }]);
  expect((await read(show, 2)).map(({ time }) => time)).toEqual([2, 3]);
  expect(await read(other, 900)).toEqual([sampleOf(9)]);
  expect(await read({ streamId: 'show', run: 'r0' }, 900)).toEqual([]);
  expect(await redis.ttl(keys.samples('show', 'r1'))).toBeGreaterThan(900);
  expect(await redis.ttl(keys.samples('show', 'r1'))).toBeLessThanOrEqual(960);
});

test('15 minutes are kept, and the samples of 20 streams are one command', async () => {
  const batch = Array.from({ length: 1_000 }, (_, i) => ({ ...show, sample: sampleOf(i) }));
  await samples.append(batch);
  expect((await read(show, 2_000)).map(({ time }) => time)).toEqual(Array.from({ length: 900 }, (_, i) => i + 100));
  const commands = async (): Promise<number> =>
    Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
  const before = await commands();
  await samples.append(Array.from({ length: 20 }, (_, i) => ({ ...show, run: `r${i}`, sample: sampleOf(i) })));
  // EVALSHA, what the script calls, and INFO.
  expect((await commands()) - before).toBeLessThanOrEqual(20 * 3 + 2);
});

test('an entry that is no sample is skipped and counted', async () => {
  await samples.append([{ ...show, sample: sampleOf(1) }]);
  await redis.rpush(keys.samples('show', 'r1'), 'garbage');
  const entries = new EntryParser();
  expect(await new StreamSamples(redis, entries).read(show, 900)).toEqual([sampleOf(1)]);
  expect(entries.counts()).toEqual(new Map([['stream sample', 1]]));
});

test('the latest sample of each run; a run without one is left out', async () => {
  await samples.append([1, 2].map(time => ({ ...show, sample: sampleOf(time) })));
  const other = { streamId: 'other', run: 'r1' };
  await redis.rpush(keys.samples('other', 'r1'), 'garbage');
  const none = { streamId: 'none', run: 'r1' };
  expect(await samples.latest([show, other, none])).toEqual([{ ...show, sample: sampleOf(2) }]);
  expect(await samples.latest([])).toEqual([]);
});
