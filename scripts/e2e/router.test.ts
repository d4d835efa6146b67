import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import type { StreamProfile } from '../../common/stream/streamProfile.ts';
import { freeUdpPort } from '../../worker/ingest/testing/freeUdpPort.ts';
import { HoldingCaller } from '../../worker/ingest/testing/holdingCaller.ts';
import { numberedPictures, pictureNumbers } from '../../worker/transcode/testing/pictureNumbers.ts';
import { quantile } from '../bench/quantile.ts';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Child, startChild } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { mediaPlaylist, type PlayedSegment } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

const REVOCATIONS = 20;

let cluster: Cluster;
let router: Child;
let redis: Redis;
const encoders: Child[] = [];

beforeAll(async () => {
  cluster = await startCluster({ workers: 2, env: { ...tinyStreams, HLS_WINDOW: '40' } });
  redis = new Redis(cluster.redis.url);
  const env = {
    JWT_SECRET: cluster.jwtSecret,
    REDIS_URL: cluster.redis.url,
    ROUTER_BIND: '127.0.0.1',
    ROUTER_HOST: '127.0.0.1',
    ROUTER_PORT: String(await freeUdpPort()),
  };
  router = startChild(process.execPath, ['router/main.ts'], { env });
  const registry = new RouterRegistry(redis);
  await waitFor('the router in Redis', async () => (await registry.list()).length === 1);
});
afterEach(async () => {
  for (const encoder of encoders) encoder.kill('SIGKILL');
  await Promise.all(encoders.splice(0).map(encoder => encoder.exited));
});
afterAll(async () => {
  redis?.disconnect();
  await cluster?.stop();
  await router?.stop();
});

async function goLive(id: string, profile: StreamProfile) {
  const { client } = cluster;
  await client.start(id, { profile });
  const { srt_url: srtUrl } = await client.inState(id, 'READY');
  const encoder = startEncoder({ srtUrl: String(srtUrl), ...tinySource, filter: numberedPictures });
  encoders.push(encoder);
  const link = await client.link(id);
  const segments = async (): Promise<PlayedSegment[]> => (await mediaPlaylist(link)).segments;
  await waitFor('four segments', async () => (await segments()).length >= 4);
  return { id, srtUrl, encoder, segments, oracle: new PlaylistOracle(link) };
}

type Live = Awaited<ReturnType<typeof goLive>>;

/** What viewers get goes on as if nothing had happened, and the encoder has noticed nothing. */
async function expectUnbroken({ id, srtUrl, encoder, segments, oracle }: Live, from: number): Promise<void> {
  await waitFor('more segments', async () => (await segments()).length >= from + 3);
  const listed = await segments();
  expect(listed.filter(({ discontinuity, gap }) => discontinuity || gap)).toEqual([]);
  const numbers = await pictureNumbers(Buffer.concat(listed.map(({ body }) => body)));
  expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
  // FFmpeg is silent while its connection stands.
  expect(encoder.text).toEqual([]);
  expect((await cluster.client.stream(id))?.srt_url).toBe(srtUrl);
  expect((await oracle.stop()).violations).toEqual([]);
}

async function end({ id, encoder }: Live): Promise<void> {
  await cluster.client.stop(id);
  await cluster.client.inState(id, 'STOPPED');
  await encoder.exited;
}

/** The worker that took the stream last. */
const ownerOf = (id: string): Child | undefined =>
  cluster.workers
    .flatMap(worker =>
      worker.log
        .filter(line => line.msg === 'lease taken' && line.streamId === id)
        .map(({ fence }) => ({ worker, fence: Number(fence) })),
    )
    .toSorted((a, b) => b.fence - a.fence)[0]?.worker;

test('a worker is killed, another one is stopped: encoders stay connected, and viewers get each picture once', async () => {
  const [encoded, passedOn] = await Promise.all([goLive('encoded', 'transcode'), goLive('passed-on', 'passthrough')]);
  for (const [live, signal] of [
    [encoded, 'SIGKILL'],
    [passedOn, 'SIGTERM'],
  ] as const) {
    const before = (await live.segments()).length;
    const signalledAt = performance.now();
    ownerOf(live.id)?.kill(signal);
    await waitFor('the next segment', async () => (await live.segments()).length > before);
    process.stdout.write(`${signal} → next segment listed: ${Math.round(performance.now() - signalledAt)} ms\n`);
    await Promise.all([expectUnbroken(live, before), cluster.addWorker()]);
  }
  const jumps = cluster.workers.flatMap(({ log }) => log.filter(({ code }) => code === 'timestamps_jumped'));
  expect(jumps).toEqual([]);
  await Promise.all([end(encoded), end(passedOn)]);
  await assertNothingLeft(cluster, 60_000);
});

test(`a revoked key disconnects its encoder behind a router within a second, ${REVOCATIONS} times; the new key gets in`, async () => {
  const { client } = cluster;
  await client.start('revoked');
  let url = String((await client.inState('revoked', 'READY')).srt_url);
  const caller = new HoldingCaller();
  const elapsed: number[] = [];
  try {
    for (let round = 0; round < REVOCATIONS; round += 1) {
      const { code, broken } = await caller.call(Number(new URL(url).port), url.slice(url.indexOf('mode=')));
      expect(code).toBe(0);
      await client.inState('revoked', 'STREAMING');
      const askedAt = Date.now();
      const revoked = await client.v1.streams.rotateKey('revoked', { revoke: true });
      elapsed.push((await broken) - askedAt);
      const stale = await caller.call(Number(new URL(url).port), url.slice(url.indexOf('mode=')));
      expect(stale.code).toBe(1410);
      await stale.broken;
      url = String(revoked.srt_url);
    }
  } finally {
    await caller.stop();
  }
  const p95 = quantile(elapsed, 0.95);
  process.stdout.write(`key revoked → encoder disconnected by a router: p95 ${p95} ms of ${elapsed.length}\n`);
  expect(p95).toBeLessThanOrEqual(1_000);
  await client.stop('revoked');
  await client.inState('revoked', 'STOPPED');
});
