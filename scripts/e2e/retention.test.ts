import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { SlowPlayer } from './harness/slowPlayer.ts';
import { waitFor } from './harness/waitFor.ts';
import type { RequestEntry } from './s3/s3Double.ts';

let cluster: Cluster;

beforeAll(async () => {
  const env = {
    ...{ HLS_SEGMENT_SECONDS: '1', GOP_SECONDS: '1', HLS_WINDOW: '3', VIDEO_PRESET: 'ultrafast' },
    SINGLE: '{"width":160,"height":90,"video":150,"audio":64}',
    RETAIN_SECONDS: '3',
  };
  cluster = await startCluster({ env });
});
afterAll(() => cluster.stop());

const objects = (streamId: string): string[] =>
  [...(cluster.s3?.objects().keys() ?? [])].filter(key => key.startsWith(`${streamId}/`));

async function goLive(streamId: string) {
  await cluster.client.start(streamId);
  const { srt_url: srtUrl } = await cluster.client.inState(streamId, 'READY');
  const encoder = startEncoder({ srtUrl: String(srtUrl), size: '160x90', fps: 10, gop: 1 });
  return { encoder, link: await cluster.client.link(streamId) };
}

test('what has left the playlist goes, in batches, and nothing that a player may still ask for', async () => {
  const { client, s3 } = cluster;
  const since = Date.now();
  const { encoder, link } = await goLive('show');
  const oracle = new PlaylistOracle(link);
  const slow = new SlowPlayer(link);
  await waitFor(
    'the second batch to be deleted',
    async () => !objects('show').includes('show/show_019.ts') && objects('show').includes('show/show_024.ts'),
    60_000,
  );
  const isDelete = ({ method, query }: RequestEntry): boolean => method === 'POST' && query.startsWith('delete');
  const deletes = s3?.requests.filter(request => request.time > since && isDelete(request)) ?? [];
  expect(deletes).toHaveLength(2);
  // Window 3, grace 6, up to 10 that wait for their batch, and the latest ones that are not listed yet.
  expect(objects('show').length).toBeLessThanOrEqual(3 + 6 + 10 + 3 + 1);

  const stoppedAt = Date.now();
  await client.stop('show');
  await client.inState('show', 'STOPPED');
  expect((await mediaPlaylist(link)).ended).toBe(true);
  expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
  const { missing, asked } = await slow.stop();
  expect(missing).toEqual([]);
  expect(asked).toBeGreaterThan(20);

  await waitFor('the playlist to go', async () => (await fetch(link)).status === 404, 15_000);
  expect(Date.now() - stoppedAt).toBeGreaterThan(3_000);
  // The playlist is gone; who still holds it can play it to its end.
  const left = objects('show').length;
  await waitFor('everything to go', async () => objects('show').length === 0, 15_000);
  expect(left).toBeGreaterThan(0);
  await encoder.exited;
  await nothingLeft();
  expect(s3?.violations).toEqual([]);
}, 120_000);

test('the id’s next run uses no name again that a cache may hold, even when Redis has lost everything', async () => {
  const { client } = cluster;
  const redis = new Redis(cluster.redis.url);
  await redis.flushall();
  redis.disconnect();
  const { encoder, link } = await goLive('show');
  const playlist = await mediaPlaylist(link);
  expect(Number(/_(\d+)\.ts$/.exec(playlist.segments[0]?.uri ?? '')?.[1])).toBeGreaterThan(24);
  expect(playlist.mediaSequence).toBeGreaterThan(24);
  await client.stop('show');
  await client.inState('show', 'STOPPED');
  await encoder.exited;
  await waitFor('everything to go', async () => objects('show').length === 0, 20_000);
  await nothingLeft();
}, 60_000);

async function nothingLeft(): Promise<void> {
  const redis = new Redis(cluster.redis.url);
  try {
    await waitFor('the retention job to go', async () => (await redis.keys('bull:retention:show*')).length === 0);
    expect(await redis.exists('bull:retention:delayed')).toBe(0);
  } finally {
    redis.disconnect();
  }
  await assertNothingLeft(cluster);
}
