import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { StreamStore } from '../../common/stream/streamStore.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { LeaseScripts } from '../claim/leaseScripts.ts';
import { StreamChannel } from '../claim/streamChannel.ts';
import { leaseTimes, StreamLease } from '../claim/streamLease.ts';
import { PortLeases } from '../ingest/portLease.ts';
import { SrtServer } from '../ingest/srtServer.ts';
import { StreamIngest } from '../ingest/streamIngest.ts';
import { freeUdpPort } from '../ingest/testing/freeUdpPort.ts';
import { HoldingCaller } from '../ingest/testing/holdingCaller.ts';
import { Session } from './session.ts';
import type { SessionPhases } from './sessionContract.ts';

const WAIT = { timeout: 10_000, interval: 5 };
const ROUNDS = 20;
const BAR_MS = 1_000;
const log = silentLogger();
const config = {
  ...{ JWT_SECRET: 'jwt-secret-for-tests-0123456789', NODE_ID: 'n1', SRT_BIND: '127.0.0.1' },
  ...{ SRT_LATENCY_MS: 120, LL_SRT_LATENCY_MS: 120, STREAM_KEY_TTL_SECONDS: 3_600 },
};
let server: TestRedis;
let redis: Redis;
let subscriber: Redis;
let streams: StreamStore;
let srtServer: SrtServer;
let caller: HoldingCaller;
let session: Session | undefined;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  subscriber = new Redis(server.url);
  streams = new StreamStore(redis);
  srtServer = await SrtServer.start({ log });
  caller = new HoldingCaller();
});
beforeEach(() => redis.flushall());
afterEach(async () => {
  session?.handOver();
  await session?.finished;
});
afterAll(async () => {
  await caller?.stop();
  await srtServer?.stop();
  redis?.disconnect();
  subscriber?.disconnect();
  await server?.stop();
});

/** A session with a real lease and a real SRT listener, whose media goes nowhere. */
async function startSession(passphrase?: string): Promise<Session> {
  const run = await streams.start('show', {
    profile: 'transcode',
    webhookUrls: [],
    ...(passphrase ? { passphrase } : {}),
  });
  const scripts = new LeaseScripts(redis);
  const acquiredAt = performance.now();
  const acquired = await scripts.acquire('show', run, 'worker-1', leaseTimes.ttlMs);
  if (acquired.kind !== 'taken') throw new Error(acquired.kind);
  const lease = new StreamLease({ streamId: 'show', ...acquired, scripts, times: leaseTimes, log });
  const port = await freeUdpPort();
  const ports = new PortLeases(redis, 'n1', { first: port, last: port });
  const ingest = new StreamIngest(
    {
      config,
      srtServer,
      ports,
      srtHostName: '127.0.0.1',
      findRouter: async () => undefined,
      isFrozen: async () => false,
      log,
    },
    { streamId: 'show', run, token: lease.token, recorded: field => lease.recorded(field) },
  );
  return new Session({
    job: { streamId: 'show', run },
    ...{ lease, acquiredAt, phases: phasesOf(ingest), times: { connectMs: 60_000, reconnectMs: 60_000 }, log },
    budget: { spend: async () => 0, rule: '' },
    place: { node: 'n1', worker: 'n1-1' },
  });
}

const phasesOf = (ingest: StreamIngest): SessionPhases => ({
  openOutput: async () => ({
    made: [],
    openEpoch: () => Promise.reject(new Error('not used')),
    suspend: () => undefined,
    resume: () => undefined,
    finish: async () => ({ unstored: 0 }),
    abandon: async () => undefined,
  }),
  openIngest: ({ onEncoder, onRefused }, signal) => ingest.open({ onPublisher: onEncoder, onRefused }, signal),
  givePortBack: () => ingest.givePortBack(),
  transcode: async (encoder, _sink, { signal }) => {
    signal.addEventListener('abort', () => encoder.close());
    for await (const _ of encoder.media);
    return { cause: signal.aborted ? 'aborted' : 'media_ended', sawPicture: true };
  },
});

const inState = (state: string, reason: string) =>
  vi.waitUntil(async () => {
    const record = await streams.get('show');
    return record?.state === state && record.reason === reason ? record : undefined;
  }, WAIT);

const streamIdOf = (url = ''): string => url.slice(url.indexOf('mode='));

/** Revokes; resolves to how long the encoder stayed connected (ms). */
async function revoke(broken: Promise<number>, passphrase?: string): Promise<number> {
  const { generation } = await streams.rotateKey('show', { revoke: true, ...(passphrase ? { passphrase } : {}) });
  const revokedAt = Date.now();
  const elapsed = (await broken) - revokedAt;
  await vi.waitUntil(async () => (await streams.get('show'))?.urlGeneration === generation, WAIT);
  return elapsed;
}

const p95 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN;

test('a revoked key disconnects its encoder within a second, and its successor gets in', {
  timeout: 120_000,
}, async () => {
  const current = await startSession();
  session = current;
  const wakes = new StreamChannel(subscriber, keys.wakeChannel, () => current.wake());
  await wakes.start();
  let { port, srtUrl } = await inState('READY', 'listening');
  const elapsed: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { code, broken } = await caller.call(port ?? 0, streamIdOf(srtUrl));
    expect(code).toBe(0);
    await inState('STREAMING', 'encoder_connected');
    elapsed.push(await revoke(broken));
    const stale = await caller.call(port ?? 0, streamIdOf(srtUrl));
    expect(stale.code).toBe(1410);
    await stale.broken;
    ({ port, srtUrl } = await inState('READY', 'key_revoked'));
  }
  console.log(`revoked → disconnected: p95 ${p95(elapsed)} ms, of ${ROUNDS}`);
  expect(p95(elapsed)).toBeLessThanOrEqual(BAR_MS);
  const events = await redis.xrange(keys.outbox, '-', '+');
  const reasons = events.map(([, fields]) => fields[fields.indexOf('reason') + 1]);
  expect(reasons.filter(reason => reason === 'key_rotated')).toHaveLength(ROUNDS);
});

test('without the message the next renewal notices it', { timeout: 30_000 }, async () => {
  session = await startSession();
  const { port, srtUrl } = await inState('READY', 'listening');
  const { broken } = await caller.call(port ?? 0, streamIdOf(srtUrl));
  await inState('STREAMING', 'encoder_connected');
  expect(await revoke(broken)).toBeLessThan(2 * leaseTimes.renewMs);
  await inState('READY', 'key_revoked');
});

test('a passphrase that was revoked disconnects an encoder that has no key', { timeout: 30_000 }, async () => {
  const current = await startSession('the first passphrase');
  session = current;
  const wakes = new StreamChannel(subscriber, keys.wakeChannel, () => current.wake());
  await wakes.start();
  const { port = 0 } = await inState('READY', 'listening');
  const { broken } = await caller.call(port, '', 'the first passphrase');
  await inState('STREAMING', 'encoder_connected');
  expect(await revoke(broken, 'the second passphrase')).toBeLessThanOrEqual(BAR_MS);
  const stale = await caller.call(port, '', 'the first passphrase');
  expect(stale.code).toBe(10);
  await stale.broken;
  expect((await caller.call(port, '', 'the second passphrase')).code).toBe(0);
  await inState('STREAMING', 'encoder_connected');
});
