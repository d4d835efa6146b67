import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../../common/errors.ts';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { openOnLeasedPort } from './openOnLeasedPort.ts';
import { PortLeases } from './portLease.ts';
import { SrtServer } from './srtServer.ts';
import { freeUdpPort, holdUdpPort } from './testing/freeUdpPort.ts';
import { recordingLogger } from './testing/testListener.ts';

const { log } = recordingLogger();
let server: TestRedis;
let redis: Redis;
let host: SrtServer;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { retryStrategy: null, maxRetriesPerRequest: 0 });
  host = await SrtServer.start({ log });
});
afterAll(async () => {
  await host.stop();
  redis.disconnect();
  await server.stop();
});
beforeEach(() => redis.flushall());

const listen = {
  bind: '127.0.0.1',
  latencyMs: 120,
  admit: () => ({ accept: true }) as const,
  onPublisher: () => undefined,
  log,
};
const openWith = (leases: PortLeases, signal: AbortSignal, opener: Pick<SrtServer, 'openListener'> = host) =>
  openOnLeasedPort({ host: opener, ports: leases, holder: 'live.run', listen, signal, renewMs: 20 });
const never = new AbortController().signal;
const leased = async () => Object.keys(await redis.hgetall(keys.portHolders('n1'))).filter(key => key !== 'range');
/** Two neighbouring ports, both free. */
async function freePair(): Promise<{ first: number; last: number }> {
  for (;;) {
    const first = await freeUdpPort();
    const next = await holdUdpPort(first + 1).catch(() => undefined);
    next?.close();
    if (next) return { first, last: first + 1 };
  }
}

test('a port is leased while its listener is open, and free when close() has resolved', async () => {
  const port = await freeUdpPort();
  const leases = new PortLeases(redis, 'n1', { first: port, last: port });
  const open = await openWith(leases, never);
  expect(open.port).toBe(port);
  expect(await leased()).toEqual([String(port)]);
  await Promise.all([open.close(), open.close()]);
  expect(await leased()).toEqual([]);
  await (await openWith(leases, never)).close();
});

test('the lease is renewed while the listener is open, and no more after close()', async () => {
  const port = await freeUdpPort();
  const open = await openWith(new PortLeases(redis, 'n1', { first: port, last: port }), never);
  const leasedUntil = async () => Number(await redis.zscore(keys.ports('n1'), String(port)));
  const first = await leasedUntil();
  await vi.waitUntil(async () => (await leasedUntil()) > first);
  await redis.flushall();
  await vi.waitUntil(async () => (await leased()).length === 1);
  await open.close();
  expect(await leased()).toEqual([]);
});

test('a port that another program holds is quarantined, and the next is taken', async () => {
  const range = await freePair();
  const other = await holdUdpPort(range.first);
  const open = await openWith(new PortLeases(redis, 'n1', range), never);
  expect(open.port).toBe(range.last);
  expect(Number(await redis.zscore(keys.ports('n1'), String(range.first)))).toBeGreaterThan(Date.now() + 50_000);
  await open.close();
  other.close();
});

test('when no port binds, it is ports_exhausted and nothing is leased', async () => {
  const range = await freePair();
  const others = [await holdUdpPort(range.first), await holdUdpPort(range.last)];
  await expect(openWith(new PortLeases(redis, 'n1', range), never)).rejects.toMatchObject({ code: 'ports_exhausted' });
  expect(await leased()).toEqual([]);
  for (const other of others) other.close();
});

test('a listener that cannot be opened anywhere gives its port back', async () => {
  const leases = new PortLeases(redis, 'n1', { first: 20_000, last: 20_100 });
  const opening = openOnLeasedPort({
    host,
    ports: leases,
    holder: 'live.run',
    listen: { ...listen, bind: '192.0.2.1' },
    signal: never,
  });
  await expect(opening).rejects.toMatchObject({ code: 'listener_error' });
  expect(await leased()).toEqual([]);
});

test('it gives up after ten ports that do not bind', async () => {
  const leases = new PortLeases(redis, 'n1', { first: 20_000, last: 20_100 });
  const tried: number[] = [];
  const opener = {
    openListener: async ({ port }: { port: number }) => {
      tried.push(port);
      throw new AppError('port_unavailable', 'held');
    },
  };
  await expect(openWith(leases, never, opener)).rejects.toMatchObject({ code: 'ports_exhausted' });
  expect(new Set(tried).size).toBe(10);
  expect(await leased()).toEqual([]);
});

test.each(['before', 'while the port is claimed'])('an abort %s leaves nothing leased', async moment => {
  const aborter = new AbortController();
  const leases = new PortLeases(redis, 'n1', { first: 20_000, last: 20_100 });
  if (moment === 'before') aborter.abort();
  const opening = openWith(leases, aborter.signal);
  aborter.abort();
  await expect(opening).rejects.toMatchObject({ name: 'AbortError' });
  expect(await leased()).toEqual([]);
});

test('close() resolves when Redis is away: the lease runs out by itself', async () => {
  const port = await freeUdpPort();
  const lonely = await startRedis();
  const connection = new Redis(lonely.url, { retryStrategy: null, maxRetriesPerRequest: 0 });
  connection.on('error', () => undefined);
  const leases = new PortLeases(connection, 'n1', { first: port, last: port });
  const open = await openWith(leases, never);
  await lonely.stop();
  await open.close();
  connection.disconnect();
});

test('the preferred port is waited for while its last owner still holds it', async () => {
  const range = await freePair();
  const leases = new PortLeases(redis, 'n1', range);
  const lastOwner = await holdUdpPort(range.first);
  const opening = openOnLeasedPort({
    ...{ host, ports: leases, holder: 'live.run.2', listen, signal: never },
    ...{ preferred: range.first, preferredMs: 20_000 },
  });
  await vi.waitUntil(async () => (await leased()).length === 1);
  lastOwner.close();
  const open = await opening;
  expect(open.port).toBe(range.first);
  await open.close();
});

test('another port is taken when the preferred one was waited for in vain', async () => {
  const range = await freePair();
  const other = await holdUdpPort(range.first);
  const moved = await openOnLeasedPort({
    ...{ host, ports: new PortLeases(redis, 'n1', range), holder: 'live.run.3', listen, signal: never },
    ...{ preferred: range.first, preferredMs: 50 },
  });
  expect(moved.port).toBe(range.last);
  await moved.close();
  other.close();
});
