import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { PortLeases } from './portLease.ts';
import type { Refusals } from './refusalLog.ts';
import { SrtServer } from './srtServer.ts';
import { type OwnedStream, StreamIngest } from './streamIngest.ts';
import { callOnce } from './testing/callRepeatedly.ts';
import { freeUdpPort } from './testing/freeUdpPort.ts';
import { recordingLogger } from './testing/testListener.ts';

const { log } = recordingLogger();
const config = {
  JWT_SECRET: 'jwt-secret-for-tests-0123456789',
  NODE_ID: 'n1',
  SRT_BIND: '127.0.0.1',
  SRT_LATENCY_MS: 120,
  STREAM_KEY_TTL_SECONDS: 3_600,
};
const noEvents = { onPublisher: () => undefined };
const never = new AbortController().signal;
let server: TestRedis;
let redis: Redis;
let srtServer: SrtServer;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { retryStrategy: null, maxRetriesPerRequest: 0 });
  srtServer = await SrtServer.start({ log });
});
afterAll(async () => {
  await srtServer?.stop();
  redis?.disconnect();
  await server?.stop();
});
beforeEach(() => redis.flushall());

const leasedPorts = async () => Object.keys(await redis.hgetall(keys.portHolders('n1'))).filter(key => key !== 'range');

/** An owner of the run, with what its record says. */
function ingestOf(port: number, token: string, record: Record<string, string> = {}): StreamIngest {
  const ports = new PortLeases(redis, 'n1', { first: port, last: port });
  const stream: OwnedStream = { streamId: 'live', run: 'r1', token, recorded: field => record[field] };
  return new StreamIngest(
    { config, srtServer, ports, srtHostName: '127.0.0.1', isFrozen: async () => false, log },
    stream,
  );
}

test('the next owner of a run keeps port and URL', async () => {
  const port = await freeUdpPort();
  const first = await ingestOf(port, '1').open(noEvents, never);
  expect(first.srtUrl).toMatch(`srt://127.0.0.1:${port}?streamid=mode=publish,rid=live,token=`);
  await first.close();
  const record = { node: 'n1', port: String(port), srtUrl: first.srtUrl };
  const next = await ingestOf(port, '2', record).open(noEvents, never);
  expect(next).toMatchObject({ port, srtUrl: first.srtUrl });
  await next.close();
  expect(await leasedPorts()).toEqual([]);
});

test('refused callers are reported with their code', async () => {
  const port = await freeUdpPort();
  const refused = Promise.withResolvers<Refusals>();
  const open = await ingestOf(port, '1').open({ ...noEvents, onRefused: refused.resolve }, never);
  expect(await callOnce(port, 'mode=publish,rid=live,token=none')).toBe(1401);
  expect(await refused.promise).toMatchObject({
    code: 1401,
    peer: expect.stringMatching(/^127\.0\.0\.1:/),
    refused: 1,
  });
  await open.close();
});

test('an owner that stops a run before it listens gives back the port that the former owner left leased', async () => {
  const port = await freeUdpPort();
  const ports = new PortLeases(redis, 'n1', { first: port, last: port });
  await ports.claim({ holder: 'live.r1.1' });
  await ingestOf(port, '2', { node: 'n2', port: String(port) }).givePortBack();
  expect(await leasedPorts()).toEqual([String(port)]);
  await ingestOf(port, '2', { node: 'n1', port: String(port) }).givePortBack();
  expect(await leasedPorts()).toEqual([]);
});
