import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import type { Refusals } from '../../common/srt/refusalLog.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { PortLeases } from './portLease.ts';
import type { SrtPublisher } from './srtPublisher.ts';
import { SrtServer } from './srtServer.ts';
import { type OwnedStream, StreamIngest, type StreamIngestDeps } from './streamIngest.ts';
import { callOnce } from './testing/callRepeatedly.ts';
import { freeUdpPort } from './testing/freeUdpPort.ts';
import { recordingLogger } from './testing/testListener.ts';

const { log } = recordingLogger();
const config = {
  JWT_SECRET: 'jwt-secret-for-tests-0123456789',
  NODE_ID: 'n1',
  SRT_BIND: '127.0.0.1',
  SRT_LATENCY_MS: 120,
  LL_SRT_LATENCY_MS: 120,
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
function ingestOf(
  port: number,
  token: string,
  record: Record<string, string> = {},
  findRouter: StreamIngestDeps['findRouter'] = async () => undefined,
): StreamIngest {
  const ports = new PortLeases(redis, 'n1', { first: port, last: port });
  const stream: OwnedStream = { streamId: 'live', run: 'r1', token, recorded: field => record[field] };
  return new StreamIngest(
    { config, srtServer, ports, srtHostName: '127.0.0.1', findRouter, isFrozen: async () => false, log },
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

describe('a key that was rotated', () => {
  const streamIdOf = (url: string) => url.slice(url.indexOf('mode='));

  test('is in a new URL; the old key stays good until it is revoked', async () => {
    const record: Record<string, string> = {};
    const arrived: SrtPublisher[] = [];
    const open = await ingestOf(await freeUdpPort(), '1', record).open(
      { onPublisher: publisher => void arrived.push(publisher) },
      never,
    );
    const first = streamIdOf(open.srtUrl);
    record.keyGeneration = '1';
    const rotated = open.rekey();
    expect(rotated).toMatchObject({ urlGeneration: 1, disconnected: 0 });
    expect(rotated.srtUrl).not.toBe(open.srtUrl);
    expect(await callOnce(open.port, first)).toBe(0);
    Object.assign(record, { keyGeneration: '2', keyFloor: '2' });
    const revoked = open.rekey();
    expect(await callOnce(open.port, first)).toBe(1410);
    expect(await callOnce(open.port, streamIdOf(rotated.srtUrl))).toBe(1410);
    expect(await callOnce(open.port, streamIdOf(revoked.srtUrl))).toBe(0);
    expect(arrived).toHaveLength(2);
    await open.close();
  });

  test('the next owner makes the key that was requested and not made', async () => {
    const port = await freeUdpPort();
    const first = await ingestOf(port, '1').open(noEvents, never);
    await first.close();
    const record = { node: 'n1', port: String(port), srtUrl: first.srtUrl, keyGeneration: '3', keyFloor: '3' };
    const next = await ingestOf(port, '2', record).open(noEvents, never);
    expect(next.urlGeneration).toBe(3);
    expect(await callOnce(port, streamIdOf(first.srtUrl))).toBe(1410);
    expect(await callOnce(port, streamIdOf(next.srtUrl))).toBe(0);
    await next.close();
    const again = await ingestOf(port, '3', { ...record, srtUrl: next.srtUrl, urlGeneration: '3' }).open(
      noEvents,
      never,
    );
    expect(again.srtUrl).toBe(next.srtUrl);
    await again.close();
  });

  test('a passphrase that was rotated counts from now on', async () => {
    const record: Record<string, string> = { passphrase: 'the first passphrase' };
    const open = await ingestOf(await freeUdpPort(), '1', record).open(noEvents, never);
    expect(await callOnce(open.port, '', { passphrase: 'the first passphrase' })).toBe(0);
    Object.assign(record, { keyGeneration: '1', keyFloor: '1', passphrase: 'the second passphrase' });
    open.rekey();
    expect(await callOnce(open.port, '', { passphrase: 'the first passphrase' })).toBe(10);
    expect(await callOnce(open.port, '', { passphrase: 'the second passphrase' })).toBe(0);
    expect(open.rekey().srtUrl).not.toContain('passphrase');
    await open.close();
  });
});

test('with routers the URL is theirs, and stays for the run, whatever becomes of workers and routers', async () => {
  const port = await freeUdpPort();
  const first = await ingestOf(port, '1', {}, async () => ({ host: 'live.example.org', port: 9000 })).open(
    noEvents,
    never,
  );
  await first.close();
  expect(first.place).toEqual({ routed: '1', ingest: `1/${port}/127.0.0.1` });
  expect(first.srtUrl).toMatch('srt://live.example.org:9000?streamid=mode=publish,rid=live,token=');
  const record = { routed: '1', srtUrl: first.srtUrl };
  const next = await ingestOf(await freeUdpPort(), '2', record).open(noEvents, never);
  await next.close();
  expect(next.srtUrl).toBe(first.srtUrl);
});

test('a run that began without routers keeps its URL while it leads somewhere', async () => {
  const port = await freeUdpPort();
  const first = await ingestOf(port, '1').open(noEvents, never);
  await first.close();
  const record = { node: 'n1', port: String(port), srtUrl: first.srtUrl };
  const router = async () => ({ host: 'live.example.org', port: 9000 });
  const same = await ingestOf(port, '2', record, router).open(noEvents, never);
  await same.close();
  expect(same).toMatchObject({ srtUrl: first.srtUrl, place: { routed: '' } });
  const moved = await ingestOf(await freeUdpPort(), '3', { ...record, node: 'n2' }, router).open(noEvents, never);
  await moved.close();
  expect(moved.srtUrl).toMatch('srt://live.example.org:9000?');
});
