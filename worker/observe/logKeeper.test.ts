import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../../common/createLogger.ts';
import { keys } from '../../common/redis/keys.ts';
import { StreamLogs } from '../../common/stream/streamLogs.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { LogKeeper } from './logKeeper.ts';

let server: TestRedis;
let redis: Redis;
let logs: StreamLogs;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  logs = new StreamLogs(redis);
});
beforeEach(async () => {
  await redis.flushall();
  await redis.hset(keys.stream('show'), 'streamId', 'show');
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** A logger as a worker has it, whose lines are kept, and not printed here. */
function keptLogger() {
  const keeper = new LogKeeper();
  const written: string[] = [];
  const log = createLogger({ level: 'debug', name: 'worker', node: 'host-1' }, line => {
    keeper.note(line);
    written.push(line);
    return '';
  });
  return { keeper, log, written };
}

test('lines of a stream are kept from info on, with what they say, and without secrets', async () => {
  const { keeper, log } = keptLogger();
  keeper.start(logs);
  const own = log.child({ streamId: 'show', run: '7' });
  own.debug('a segment was stored');
  own.info({ port: 20_000, srtUrl: 'srt://host?streamid=x,token=very-secret' }, 'listener open');
  own.warn({ err: new Error('no answer from srt://host?streamid=mode=publish,token=eyJ-secret') }, 'token=eyJ-secret');
  log.info('worker ready');
  await keeper.stop();
  const kept = await logs.read('show');
  expect(kept).toMatchObject([
    { level: 30, message: 'listener open', details: '{"port":20000,"srtUrl":"[redacted]"}' },
    { level: 40, message: 'token=[redacted]' },
  ]);
  expect(kept[0]?.time).toBeGreaterThan(Date.now() - 60_000);
  expect(JSON.stringify(kept)).not.toContain('secret');
  expect(kept[1]?.details).toContain('no answer from');
  expect(kept[1]?.details).not.toContain('stack');
});

test('the last 50 lines stay, cut to their length, for a day', async () => {
  const { keeper, log } = keptLogger();
  keeper.start(logs);
  for (let i = 0; i < 200; i += 1) log.info({ streamId: 'show', text: 'x'.repeat(5_000) }, `line ${i}`);
  await keeper.stop();
  const kept = await logs.read('show');
  expect(kept).toHaveLength(50);
  expect(kept.at(-1)?.message).toBe('line 199');
  expect(await redis.memory('USAGE', keys.log('show'))).toBeLessThan(100_000);
  expect(await redis.ttl(keys.log('show'))).toBeGreaterThan(86_000);
});

test('a stream without a record gets no log, and leaves its neighbours theirs', async () => {
  const { keeper, log } = keptLogger();
  keeper.start(logs);
  log.info({ streamId: 'false' }, 'first');
  log.info({ streamId: 'show' }, 'second');
  await keeper.stop();
  expect(await redis.exists(keys.log('false'))).toBe(0);
  expect(await logs.read('show')).toMatchObject([{ message: 'second' }]);
});

test('lines wait until Redis is there, a bounded number of them', async () => {
  const { keeper, log } = keptLogger();
  for (let i = 0; i < 1_500; i += 1) log.info({ streamId: i < 1_480 ? 'other' : 'show' }, `line ${i}`);
  let isAway = true;
  const flaky = {
    append: (lines: Parameters<StreamLogs['append']>[0]) => {
      if (isAway) return Promise.reject(new Error('Redis is away'));
      const count = [...lines.values()].reduce((sum, own) => sum + own.length, 0);
      expect(count).toBeLessThanOrEqual(1_000);
      return logs.append(lines);
    },
  } as unknown as StreamLogs;
  keeper.start(flaky);
  await keeper.stop();
  isAway = false;
  keeper.start(flaky);
  await expect.poll(async () => (await logs.read('show')).length).toBe(20);
  await keeper.stop();
});

test('what does not parse is skipped', async () => {
  await redis.rpush(keys.log('show'), 'no JSON', '{"time":1,"level":30,"message":"a","details":""}');
  expect(await logs.read('show')).toEqual([{ time: 1, level: 30, message: 'a', details: '' }]);
});
