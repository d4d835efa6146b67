import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quantile } from '../bench/quantile.ts';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { startBrowser } from './harness/browser.ts';
import { type ClockEncoder, startClockEncoder } from './harness/clockEncoder.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { latencyProbe } from './harness/latencyProbe.ts';
import { mediaPlaylists } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { waitFor } from './harness/waitFor.ts';
import { watchedPage } from './harness/watchedPage.ts';

const LADDER = JSON.stringify([
  { width: 320, height: 180, video: 600, audio: 96 },
  { width: 160, height: 90, video: 200, audio: 64 },
]);
const PROFILES = ['ladder', 'passthrough'] as const;
/** From the making of a picture to its showing, p50. */
const BAR_MS = 6_000;
const SAMPLES = 30;

let cluster: Cluster;
let browser: Browser;

beforeAll(async () => {
  cluster = await startCluster({ env: { LADDER, VIDEO_PRESET: 'ultrafast' } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});

async function begin(profile: string): Promise<{ encoder: ClockEncoder; link: string }> {
  const { client } = cluster;
  await client.start(profile, { profile, latency: 'reduced' });
  const { srt_url: srtUrl } = await client.inState(profile, 'READY');
  const encoder = startClockEncoder(String(srtUrl), { gop: 1 });
  return { encoder, link: await client.link(profile) };
}

test('reduced latency: segments of 2 s in every rendition, one write a second to a key, and six seconds to the viewer', async () => {
  const page = await browser.newPage();
  const [ladder, passthrough] = await Promise.all(PROFILES.map(begin));
  if (!ladder || !passthrough) throw new Error('two streams');
  const oracles = [ladder, passthrough].map(({ link }) => new PlaylistOracle(link));
  await page.goto(`${cluster.apiUrl}/watch/ladder`);
  await waitFor('the picture to move', async () => (await watchedPage.look(page)).currentTime > 0.5, 30_000);
  await latencyProbe.begin(page);
  const samples = await waitFor(
    'pictures to measure',
    async () => {
      const seen = await latencyProbe.look(page);
      return seen.ms.length >= SAMPLES && seen;
    },
    30_000,
  );
  console.log(`glass to glass: p50 ${quantile(samples.ms, 0.5)} ms, longest pause ${Math.round(samples.longest)} ms`);
  expect(quantile(samples.ms, 0.5)).toBeLessThanOrEqual(BAR_MS);
  expect(samples.stalls).toBe(0);
  for (const { link } of [ladder, passthrough]) {
    for (const { targetDuration, segments } of await mediaPlaylists(link)) {
      expect(targetDuration).toBe(2);
      const lengths = segments.slice(1).map(({ duration }) => duration);
      expect(lengths.length).toBeGreaterThan(1);
      for (const length of lengths) expect(length).toBeCloseTo(2, 1);
    }
  }
  for (const profile of PROFILES) await cluster.client.stop(profile);
  for (const { encoder } of [ladder, passthrough]) await encoder.exited;
  for (const profile of PROFILES) await cluster.client.inState(profile, 'STOPPED');
  for (const oracle of oracles) expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
  expect(cluster.s3?.violations).toEqual([]);
  await page.close();
  await assertNothingLeft(cluster);
}, 90_000);
