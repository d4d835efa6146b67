import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { PartOracle } from './harness/partOracle.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { RetryingEncoder } from './harness/retryingEncoder.ts';
import { waitFor } from './harness/waitFor.ts';

const LADDER = JSON.stringify([
  { width: 160, height: 90, video: 200, audio: 64 },
  { width: 96, height: 54, video: 100, audio: 64 },
]);

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ env: { LADDER, VIDEO_PRESET: 'ultrafast' }, workers: 2 });
});
afterAll(() => cluster?.stop());

const LIVE = [
  { id: 'ladder', files: ['ladder_0.m3u8', 'ladder_1.m3u8'] },
  { id: 'passthrough', files: ['passthrough.m3u8'] },
];

async function begin(id: string): Promise<RetryingEncoder> {
  await cluster.client.start(id, { profile: id, latency: 'low' });
  const { srt_url: srtUrl } = await cluster.client.inState(id, 'READY');
  return new RetryingEncoder(() => String(srtUrl));
}

test('low latency through the death of its worker: parts are there when they are listed, numbers go on, nothing else changes', async () => {
  const { client, apiUrl } = cluster;
  const encoders = await Promise.all(LIVE.map(({ id }) => begin(id)));
  const links = await Promise.all(LIVE.map(({ id }) => client.link(id)));
  const buckets = links.map(link => new PlaylistOracle(link));
  const oracles = LIVE.flatMap(({ id, files }) => files.map(file => new PartOracle(`${apiUrl}/live/${id}/${file}`)));
  await waitFor('two segments of parts', () => oracles.every(({ parts }) => parts >= 12));
  const { worker } = await client.inState('ladder', 'STREAMING');
  const killed = cluster.workers.find(({ log }) => log.some(line => line.workerId === worker));
  killed?.kill('SIGKILL');
  const seen = oracles.map(({ parts }) => parts);
  await waitFor('parts of the next owner', () => oracles.every(({ parts }, i) => parts >= (seen[i] ?? 0) + 9), 60_000);
  await Promise.all(encoders.map(encoder => encoder.stop()));
  await Promise.all(LIVE.map(({ id }) => client.stop(id)));
  await Promise.all(oracles.map(({ ended }) => ended));
  const verdicts = await Promise.all(oracles.map(oracle => oracle.stop()));
  for (const { violations, fetchMs, parts, segments, late, longestPause } of verdicts) {
    console.log(
      `${parts} parts, ${segments} segments, fetched after ${Math.round(Math.max(...fetchMs))} ms at most, ${late} late, longest pause ${Math.round(longestPause)} ms`,
    );
    expect(violations).toEqual([]);
    expect(segments).toBeGreaterThan(2);
  }
  for (const bucket of buckets) expect((await bucket.stop()).violations).toEqual([]);
  await assertNothingLeft(cluster);
}, 120_000);
