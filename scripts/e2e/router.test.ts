import { writeFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import { freeUdpPort } from '../../worker/ingest/testing/freeUdpPort.ts';
import { type Child, startChild } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

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
    LOG_LEVEL: 'debug',
  };
  router = startChild(process.execPath, ['router/main.ts'], { env });
  await router.line('router ready', 30_000);
  const registry = new RouterRegistry(redis);
  await waitFor('the router in Redis', async () => (await registry.list()).length === 1);
});
afterAll(async () => {
  const all = [['router', router], ...cluster.workers.map((w, i) => [`worker${i}`, w])] as [string, Child][];
  writeFileSync('/tmp/router12/log', all.flatMap(([n, c]) => [...c.log.map(l => `${n} ${JSON.stringify(l)}`), ...c.text]).sort((a, b) => (/"time":"([^"]*)/.exec(a)?.[1] ?? '').localeCompare(/"time":"([^"]*)/.exec(b)?.[1] ?? '')).join('\n'));
  redis?.disconnect();
  await cluster?.stop();
  await router?.stop();
  encoder?.kill('SIGKILL');
  await encoder?.exited;
});

test("a killed worker's encoder stays connected, and the stream goes on at once", async () => {
  const { client, workers } = cluster;
  await client.start('moved', { profile: process.env.PROFILE ?? 'transcode' });
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
  const ms = Math.round(performance.now() - killedAt);
  process.stdout.write(`kill -9 → next segment listed: ${ms} ms\n`);
  await waitFor('more segments', async () => (await listed()) > before + 3);
  const text = await (await fetch(link)).text();
  process.stdout.write(text);
  const survivor = workers.find(worker => worker !== owner);
  process.stdout.write(router.log.map(line => JSON.stringify(line)).join('\n'));
  if (process.env.SHOW) process.stdout.write(survivor?.log.map(line => JSON.stringify(line)).join('\n') ?? '');
  expect((await client.stream('moved'))?.srt_url).toBe(srtUrl);
  expect(encoder.log.length + encoder.text.length).toBe(0);
  const { violations } = await oracle.stop();
  expect(violations).toEqual([]);
  await client.stop('moved');
  await client.inState('moved', 'STOPPED');
});
