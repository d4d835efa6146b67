import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { mediaPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { tinySource, tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';

let cluster: Cluster;
let app: WebhookReceiver;

beforeAll(async () => {
  cluster = await startCluster({ workers: 0, env: tinyStreams });
  app = await startWebhookReceiver(cluster.hmacSecret);
});
afterAll(async () => {
  await cluster?.stop();
  await app?.close();
});

const text = async (url: string): Promise<string> => (await fetch(url)).text();

test('a stop that comes while the stream has no owner is carried out in full by the next worker', async () => {
  const { client } = cluster;
  const killed = await cluster.addWorker();
  await client.start('gap', { record: true, webhook_urls: [app.url] });
  const { srt_url: srtUrl } = await client.inState('gap', 'READY');
  const encoder = startEncoder({ srtUrl: String(srtUrl), ...tinySource });
  const link = await client.link('gap');
  const oracle = new PlaylistOracle(link);
  await waitFor('three segments', async () => (await mediaPlaylist(link)).segments.length >= 3);
  killed.kill('SIGKILL');
  await killed.exited;
  expect((await client.stop('gap')).status).toBe(200);
  expect(await client.stream('gap')).toMatchObject({ state: 'STREAMING' });

  await cluster.addWorker();
  const stopped = await client.inState('gap', 'STOPPED', 30_000);
  expect(stopped).toMatchObject({ reason: 'user_stop', stream_link: link });
  expect(await text(link)).toMatch(/#EXT-X-ENDLIST\n$/);
  expect(await text(String(stopped.recording_link))).toMatch(/#EXT-X-PLAYLIST-TYPE:VOD\n.*#EXT-X-ENDLIST\n$/s);
  await waitFor('the last webhook', () => app.received.some(({ Status }) => Status === 'STOPPED'));
  expect(app.received.filter(({ Status }) => Status === 'STOPPED')).toMatchObject([
    { Reason: 'user_stop', RecordingLink: stopped.recording_link },
  ]);
  expect(app.received.map(({ Reason }) => Reason)).not.toContain('worker_lost');
  expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
  await encoder.exited;
  await assertNothingLeft(cluster, 60_000);
  expect(cluster.s3?.violations).toEqual([]);
}, 120_000);
