import { afterAll, beforeAll, expect, test } from 'vitest';
import { spooledEpochs } from '../../worker/publish/spool/spooledEpochs.ts';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';
import { type FaultProxy, startFaultProxy } from './s3/faultProxy.ts';

const SPOOL_MAX_BYTES = 1_000_000;

let cluster: Cluster;
let proxy: FaultProxy;
let app: WebhookReceiver;
let encoder: Child;

beforeAll(async () => {
  const single = JSON.stringify({ width: 320, height: 180, video: 1_500, audio: 64 });
  const bounds = { SPOOL_MAX_BYTES: String(SPOOL_MAX_BYTES), UPLOAD_ATTEMPTS: '20', UPLOAD_BACKOFF_MS: '200' };
  cluster = await startCluster({ workers: 0, env: { ...tinyStreams, ...bounds, SINGLE: single } });
  proxy = await startFaultProxy(String(cluster.s3?.endpoint));
  app = await startWebhookReceiver(cluster.hmacSecret);
  await cluster.addWorker({ S3_ENDPOINT: proxy.endpoint });
});
afterAll(async () => {
  await cluster?.stop();
  await proxy?.close();
  await app?.close();
  await encoder?.exited;
});

const spooledBytes = async (): Promise<number> =>
  (await spooledEpochs(cluster.spoolDir)).reduce((sum, { bytes }) => sum + bytes, 0);

test('a store that stays away: the spool keeps its bound, the stream lives on and its drops are reported', async () => {
  const { client } = cluster;
  await client.start('show', { webhook_urls: [app.url] });
  const { srt_url: srtUrl } = await client.inState('show', 'READY');
  encoder = startEncoder({ srtUrl: String(srtUrl), ...tinySource, size: '320x180', fps: 30 });
  const link = await client.link('show');
  const oracle = new PlaylistOracle(link);
  proxy.set({ kind: 'status', code: 503, method: 'PUT', match: /\.ts/, count: 1_000_000 });
  const told = await waitFor(
    'a webhook that tells of drops',
    () => app.received.find(event => event.Reason === 'segments_dropped'),
    60_000,
  );
  expect(told).toMatchObject({ Status: 'STREAMING', Update: expect.stringMatching(/^\d+ segment.*SPOOL_MAX_BYTES/) });
  // What five seconds bring may be on top, until the next look.
  expect(await spooledBytes()).toBeLessThan(2 * SPOOL_MAX_BYTES);
  expect(cluster.workers[0]?.log.filter(line => line.msg === 'segment dropped from the spool').length).toBeGreaterThan(
    0,
  );

  const before = await mediaPlaylist(link);
  proxy.clear();
  await waitFor('the playlist to go on', async () => {
    const { mediaSequence, segments } = await mediaPlaylist(link);
    return mediaSequence + segments.length > before.mediaSequence + before.segments.length + 3;
  });
  expect((await client.stream('show'))?.state).toBe('STREAMING');
  await client.stop('show');
  await client.inState('show', 'STOPPED');
  expect((await oracle.stop()).violations).toEqual([]);
  await assertNothingLeft(cluster);
});
