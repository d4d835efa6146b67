import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import { freeUdpPort } from '../../worker/ingest/testing/freeUdpPort.ts';
import { HoldingCaller } from '../../worker/ingest/testing/holdingCaller.ts';
import { quantile } from '../bench/quantile.ts';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Child, startChild } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

const REVOCATIONS = 20;

let cluster: Cluster;
let router: Child;
let redis: Redis;
let encoder: Child | undefined;

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
afterAll(async () => {
  redis?.disconnect();
  await cluster?.stop();
  await router?.stop();
  encoder?.kill('SIGKILL');
  await encoder?.exited;
});

test("a killed worker's encoder stays connected by the router's URL, and the stream goes on at once", async () => {
  const { client, workers } = cluster;
  await client.start('moved');
  const { srt_url: srtUrl } = await client.inState('moved', 'READY');
  encoder = startEncoder({ srtUrl: String(srtUrl), ...tinySource });
  const link = await client.link('moved');
  const oracle = new PlaylistOracle(link);
  const listed = async () => (await mediaPlaylist(link)).segments.length;
  await waitFor('four segments', async () => (await listed()) >= 4);
  const owner = workers.find(worker => worker.log.some(line => line.msg === 'listener open'));
  const before = await listed();
  const killedAt = performance.now();
  owner?.kill('SIGKILL');
  await waitFor('the next segment', async () => (await listed()) > before);
  process.stdout.write(`kill -9 → next segment listed: ${Math.round(performance.now() - killedAt)} ms\n`);
  await waitFor('more segments', async () => (await listed()) >= before + 3);
  // FFmpeg is silent while its connection stands.
  expect(encoder.text).toEqual([]);
  expect((await client.stream('moved'))?.srt_url).toBe(srtUrl);
  expect((await oracle.stop()).violations).toEqual([]);
  await client.stop('moved');
  await client.inState('moved', 'STOPPED');
  await encoder.exited;
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
