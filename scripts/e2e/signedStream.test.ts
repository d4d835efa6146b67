import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { startBrowser } from './harness/browser.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { PartOracle } from './harness/partOracle.ts';
import { RetryingEncoder } from './harness/retryingEncoder.ts';
import { tinyStreams } from './harness/tinyStreams.ts';
import { waitFor } from './harness/waitFor.ts';
import { watchedPage } from './harness/watchedPage.ts';

let cluster: Cluster;
let browser: Browser;

beforeAll(async () => {
  const { SINGLE, VIDEO_PRESET } = tinyStreams;
  [cluster, browser] = await Promise.all([
    startCluster({ env: { SINGLE, VIDEO_PRESET }, storage: 'file' }),
    startBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});

/** A watch page that plays: by parts, or, where /live cannot be reached, from the store. */
async function openPage(query: string, { hasOrigin = true } = {}) {
  const page = await browser.newPage();
  if (!hasOrigin) await page.route('**/live/**', route => route.abort());
  await page.goto(`${cluster.apiUrl}/watch/low${query}`);
  return page;
}

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

    const page = await openPage(`?token=${token}`);
    const distant = await openPage(`?token=${token}`, { hasOrigin: false });
    const stranger = await openPage('?token=a.b.c');
    for (const player of [page, distant]) {
      await waitFor('the picture to move', async () => (await watchedPage.look(player)).currentTime > 0.5);
    }
    const latency = () => page.evaluate<number>('livetran.latency');
    await waitFor('a viewer of parts to be near live', async () => (await latency()) < 2);
    expect(await stranger.evaluate('livetran.phase')).toBe('missing');

    const [seen, [first]] = [oracle.parts, cluster.workers];
    await cluster.addWorker();
    const stopped = first?.stop();
    await waitFor('parts of the next worker', async () => {
      const { srt_url: next } = (await cluster.client.stream('low')) ?? {};
      srtUrl = next ?? srtUrl;
      return oracle.parts >= seen + 12;
    });
    await stopped;
    const shown = (await watchedPage.look(page)).currentTime;
    await waitFor('the picture to go on', async () => (await watchedPage.look(page)).currentTime > shown + 1);
    expect((await watchedPage.look(page)).fatalErrors).toBe(0);
  } finally {
    await encoder.stop();
  }
  await cluster.client.stop('low');
  await oracle.ended;
  expect((await oracle.stop()).violations).toEqual([]);
  await assertNothingLeft(cluster);
}, 90_000);
