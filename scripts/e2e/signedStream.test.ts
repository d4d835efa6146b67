import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { PartOracle } from './harness/partOracle.ts';
import { RetryingEncoder } from './harness/retryingEncoder.ts';
import { tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';

let cluster: Cluster;

beforeAll(async () => {
  const { SINGLE, VIDEO_PRESET } = tinyStreams;
  cluster = await startCluster({ env: { SINGLE, VIDEO_PRESET }, storage: 'file' });
});
afterAll(() => cluster?.stop());

const statusOf = async (path: string): Promise<number> => (await fetch(`${cluster.apiUrl}${path}`)).status;

test('a signed stream with low latency plays with a token, from one worker and then from the next', async () => {
  const { v1 } = cluster.client;
  await v1.streams.create({ stream_id: 'low', latency: 'low', playback: 'signed' });
  let { srt_url: srtUrl } = await cluster.client.inState('low', 'READY');
  const encoder = new RetryingEncoder(() => String(srtUrl));
  const { token } = await v1.streams.createPlaybackToken('low', 600);
  const oracle = new PartOracle(`${cluster.apiUrl}/live/${token}/low/low.m3u8`);
  try {
    await waitFor('two segments of parts', () => oracle.parts >= 12);
    await cluster.client.link('low');
    expect(await statusOf(`/video/${token}/low/low.m3u8`)).toBe(200);
    for (const place of ['live', 'video']) expect(await statusOf(`/${place}/low/low.m3u8`)).toBe(403);

    const [seen, [first]] = [oracle.parts, cluster.workers];
    await cluster.addWorker();
    const stopped = first?.stop();
    await waitFor('parts of the next worker', async () => {
      const { srt_url: next } = (await cluster.client.stream('low')) ?? {};
      srtUrl = next ?? srtUrl;
      return oracle.parts >= seen + 12;
    });
    await stopped;
  } finally {
    await encoder.stop();
  }
  await cluster.client.stop('low');
  await oracle.ended;
  expect((await oracle.stop()).violations).toEqual([]);
  await assertNothingLeft(cluster);
}, 90_000);
