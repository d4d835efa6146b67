import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { PartOracle } from './harness/partOracle.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { RetryingEncoder } from './harness/retryingEncoder.ts';
import { waitFor } from './harness/waitFor.ts';

/** How often the stream's worker is killed: LOW_LATENCY_KILLS. */
const KILLS = Number(process.env.LOW_LATENCY_KILLS ?? 3);
const SINGLE = JSON.stringify({ width: 160, height: 90, video: 200, audio: 64 });

let cluster: Cluster;
let encoder: RetryingEncoder;
let oracle: PartOracle;

beforeAll(async () => {
  cluster = await startCluster({ env: { SINGLE, VIDEO_PRESET: 'ultrafast', RESTART_LIMIT: '100' }, workers: 2 });
});
afterAll(async () => {
  await encoder?.stop();
  await cluster?.stop();
});

/** The process that has the stream. */
async function owner(): Promise<Child> {
  const { worker } = await cluster.client.inState('show', 'STREAMING', 30_000);
  const found = cluster.workers.find(({ log }) => log.some(line => line.workerId === worker));
  if (!found) throw new Error(`no worker ${worker}`);
  return found;
}

async function moreParts(why: string): Promise<void> {
  const seen = oracle.parts;
  const began = performance.now();
  await waitFor(`parts after ${why}`, () => oracle.parts >= seen + 8, 60_000);
  console.log(`${why}: eight parts later after ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

test('low latency through everything: one playlist, no rule broken', async () => {
  const { client, apiUrl } = cluster;
  await client.start('show', { latency: 'low' });
  const { srt_url: srtUrl } = await client.inState('show', 'READY');
  encoder = new RetryingEncoder(() => String(srtUrl));
  const link = await client.link('show');
  const bucket = new PlaylistOracle(link);
  oracle = new PartOracle(`${apiUrl}/live/show/show.m3u8`);
  await moreParts('the start');

  const ffmpeg = (await owner()).log.findLast(line => line.msg === 'FFmpeg started')?.ffmpegPid;
  process.kill(Number(ffmpeg), 'SIGKILL');
  await moreParts('the death of FFmpeg');

  encoder.interrupt();
  await moreParts('the loss of the encoder');

  await cluster.redis.stop();
  await moreParts('the loss of Redis');
  await cluster.startRedisAgain({ losingData: false });
  await moreParts('the return of Redis');

  const drained = await owner();
  await cluster.addWorker();
  void drained.stop();
  await moreParts('a hand-over');

  for (let i = 0; i < KILLS; i += 1) {
    const killed = await owner();
    await cluster.addWorker();
    killed.kill('SIGKILL');
    await moreParts(`kill -9 number ${i + 1}`);
  }

  await encoder.stop();
  await client.stop('show');
  await oracle.ended;
  const { violations, late, parts, segments, fetchMs } = await oracle.stop();
  console.log(
    `${parts} parts, ${segments} segments, fetched after ${Math.round(Math.max(...fetchMs))} ms at most, ${late} late`,
  );
  expect(violations).toEqual([]);
  expect((await bucket.stop()).violations).toEqual([]);
  await assertNothingLeft(cluster);
}, 600_000);
