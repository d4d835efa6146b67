import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createRedis } from '../../../common/redis/createRedis.ts';
import { keys } from '../../../common/redis/keys.ts';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../../common/testing/startRedis.ts';
import { addClosed, createLedger, type Ledger, settle } from './ledger.ts';
import { LedgerStore } from './ledgerStore.ts';

let server: TestRedis;
let redis: Redis;
const log = silentLogger();

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const options = { streamId: 'show', run: 'run1', stems: ['show_0', 'show_1'], window: 4, segmentSeconds: 4 };

function ledger(segments: number): Ledger {
  let made = createLedger(options);
  for (let number = 0; number < segments; number += 1) {
    made = addClosed(made, { rendition: 0, number, durationSeconds: 4.004, bytes: 188 });
    made = settle(made, 0, number, 'stored');
  }
  return made;
}

test('gives back what was saved last, and always expires', async () => {
  const copies = new LedgerStore(redis, 'show', '100', log);
  for (let n = 0; n < 20; n += 1) copies.save(ledger(n));
  await copies.close();
  expect(await new LedgerStore(redis, 'show', '200', log).load()).toEqual({
    token: '100',
    closed: false,
    ledger: ledger(19),
  });
  expect(await redis.ttl(keys.ledger('show'))).toBeGreaterThan(86_000);
});

test('every second number is written at once, with what became of those before, and the rest at the end', async () => {
  const copies = new LedgerStore(redis, 'show', '100', log);
  const saved = async () => (await copies.load())?.ledger;
  const closed = addClosed(ledger(3), { rendition: 0, number: 3, durationSeconds: 4.004, bytes: 188 });
  const stored = settle(closed, 0, 3, 'stored');
  copies.save(closed);
  await vi.waitFor(async () => expect(await saved()).toEqual(closed));
  const calls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1]);
  const before = await calls();
  copies.save(stored);
  const segment = { rendition: 0, durationSeconds: 4.004, bytes: 188 };
  const between = addClosed(stored, { ...segment, number: 4 });
  copies.save(between);
  const next = addClosed(settle(between, 0, 4, 'stored'), { ...segment, number: 5 });
  copies.save(next);
  await vi.waitFor(async () => expect(await saved()).toEqual(next));
  expect((await calls()) - before).toBe(1);
  copies.save(settle(next, 0, 5, 'stored'));
  await copies.close();
  expect(await saved()).toEqual(settle(next, 0, 5, 'stored'));
});

test('the first number in use is written at once, since it is in no other place', async () => {
  const copies = new LedgerStore(redis, 'fresh', '100', log);
  copies.save(createLedger(options));
  const first = addClosed(createLedger(options), { rendition: 0, number: 0, durationSeconds: 4.004, bytes: 188 });
  copies.save(first);
  await vi.waitFor(async () => expect((await copies.load())?.ledger).toEqual(first));
  copies.stop();
});

test('an owner that was replaced does not overwrite, also when its token has fewer digits', async () => {
  const [old, fresh] = [new LedgerStore(redis, 'show', '999', log), new LedgerStore(redis, 'show', '1000', log)];
  fresh.save(ledger(2), true);
  await fresh.close();
  old.save(ledger(1));
  await old.close();
  expect(await fresh.load()).toMatchObject({ token: '1000', closed: true });
});

test.each(['', 'not JSON', '{"token":"1"}'])('a copy that is no ledger counts as none: %j', async text => {
  await redis.set(keys.ledger('show'), text);
  expect(await new LedgerStore(redis, 'show', '100', log).load()).toBeUndefined();
});

test('with Redis away nothing waits, and the latest is saved when it is back', async () => {
  const connection = createRedis(server.url, 'request', log);
  await vi.waitFor(() => expect(connection.status).toBe('ready'));
  connection.disconnect();
  await vi.waitFor(() => expect(connection.status).toBe('end'));
  const copies = new LedgerStore(connection, 'show', '100', log);
  expect(await copies.load()).toBeUndefined();
  copies.save(ledger(1));
  copies.save(ledger(2));
  await connection.connect();
  const saved = await vi.waitFor(
    async () => {
      const found = await copies.load();
      expect(found).toBeDefined();
      return found;
    },
    { timeout: 20_000 },
  );
  expect(saved?.ledger).toEqual(ledger(2));
  await copies.close();
  connection.disconnect();
});
