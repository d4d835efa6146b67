import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ParsedFamily, parseExposition } from '../../common/testing/parseExposition.ts';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { startBrowser } from './harness/browser.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { waitFor } from './harness/waitFor.ts';
import { watchedPage } from './harness/watchedPage.ts';

const SEGMENT_SECONDS = 1;

let cluster: Cluster;
let browser: Browser;

beforeAll(async () => {
  const single = JSON.stringify({ width: 320, height: 180, video: 200, audio: 64 });
  const times = { HLS_SEGMENT_SECONDS: String(SEGMENT_SECONDS), GOP_SECONDS: '1' };
  cluster = await startCluster({ faults: true, env: { SINGLE: single, VIDEO_PRESET: 'ultrafast', ...times } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});

test.each([1, 3])(
  'hls.js plays through a gap of %i segments, and stalls for no longer than the gap and 2 s',
  async lost => {
    const id = `gap-${lost}`;
    const { client, faults, s3 } = cluster;
    await client.start(id);
    const { srt_url: srtUrl } = await client.inState(id, 'READY');
    const encoder = startEncoder({ srtUrl: String(srtUrl), size: '320x180', fps: 15, gop: 1 });
    const link = await client.link(id);
    const oracle = new PlaylistOracle(link);
    const page = await browser.newPage();
    await page.goto(`${cluster.apiUrl}/watch/${id}`);
    await waitFor('the picture to move', async () => (await page.evaluate<number>('livetran.currentTime')) > 3, 30_000);

    // These are not stored for as long as a playlist could wait for them.
    const next = newestNumber(await (await fetch(link)).text()) + 2;
    const numbers = Array.from({ length: lost }, (_, i) => String(next + i).padStart(3, '0'));
    faults?.set({ kind: 'status', code: 500, method: 'PUT', match: new RegExp(`_(${numbers.join('|')})\\.ts`) });
    await watchedPage.begin(page);
    const first = numbers[0] ?? '';
    await waitFor('the gap in the playlist', async () =>
      new RegExp(`#EXT-X-GAP\\n#EXTINF:[\\d.]+,\\n${id}_${first}\\.ts`).test(await (await fetch(link)).text()),
    );
    const gapAt = await watchedPage.look(page);
    await faults?.clear();
    await waitFor(
      'the picture to be well beyond the gap',
      async () => (await watchedPage.look(page)).currentTime > gapAt.currentTime + 8 + lost * SEGMENT_SECONDS,
      40_000,
    );
    const { stall, fatalErrors, reconnects } = await watchedPage.look(page);
    expect({ fatalErrors, reconnects }).toEqual({ fatalErrors: 0, reconnects: 0 });
    expect(stall).toBeLessThan(lost * SEGMENT_SECONDS + 2);

    await client.stop(id);
    await client.inState(id, 'STOPPED');
    expect(await oracle.stop()).toMatchObject({ violations: [], gaps: lost });
    // What was late is stored all the same: a recording has it.
    const keys = numbers.map(number => `${id}/${id}_${number}.ts`);
    const put = new Set(s3?.requests.filter(r => r.method === 'PUT' && r.status === 200).map(r => r.key));
    expect(keys.filter(key => !put.has(key))).toEqual([]);
    await page.close();
    await encoder.exited;
    await assertNothingLeft(cluster);
  },
);

test('/metrics counts them', async () => {
  const gaps = (families: Map<string, ParsedFamily>) => total(families, 'livetran_gaps_listed_total');
  const metrics = await waitFor('the worker to report', async () => {
    const families = parseExposition(await (await fetch(`${cluster.apiUrl}/metrics`)).text());
    return gaps(families) === 4 && families;
  });
  const listing = 'livetran_segment_listing_duration_seconds';
  expect(total(metrics, listing, '_count')).toBeGreaterThan(10);
  expect(total(metrics, listing, '_sum') / total(metrics, listing, '_count')).toBeLessThan(5);
  expect(total(metrics, 'livetran_upload_retries_total')).toBeGreaterThanOrEqual(4);
  expect(total(metrics, 'livetran_upload_duration_seconds', '_count')).toBeGreaterThan(10);
  expect(total(metrics, 'livetran_first_playable_duration_seconds', '_count')).toBeGreaterThan(0);
  expect(total(metrics, 'livetran_job_wait_duration_seconds', '_count')).toBeGreaterThan(0);
  expect(total(metrics, 'livetran_segments_dropped_total')).toBe(0);
});

/** Of the one worker. */
const total = (families: Map<string, ParsedFamily>, name: string, suffix = ''): number =>
  (families.get(name)?.samples ?? [])
    .filter(sample => sample.name === `${name}${suffix}` && sample.labels.node === 'test-node')
    .reduce((sum, { value }) => sum + value, 0);

test('the poster is on the watch page, and in the store', async () => {
  const { client } = cluster;
  await client.start('poster');
  const { srt_url: srtUrl } = await client.inState('poster', 'READY');
  const encoder = startEncoder({ srtUrl: String(srtUrl), size: '320x180', fps: 15, gop: 1 });
  const link = await client.link('poster');
  const page = await browser.newPage();
  await page.goto(`${cluster.apiUrl}/watch/poster`);
  const url = await waitFor(
    'the poster',
    async () => (await page.evaluate<string>('document.getElementById("video").poster')) || undefined,
  );
  expect(url).toBe(link.replace('poster.m3u8', 'poster.jpg'));
  const answer = await waitFor('the poster in the store', async () => {
    const tried = await fetch(url);
    return tried.ok && tried;
  });
  expect(answer.headers.get('content-type')).toBe('image/jpeg');
  expect(answer.headers.get('cache-control')).toBe('public, max-age=10');
  // The page's policy lets it in.
  const loads = `new Promise(r => { const i = new Image(); i.onload = () => r(i.naturalWidth); i.onerror = () => r(0); i.src = ${JSON.stringify(url)} })`;
  expect(await page.evaluate<number>(loads)).toBe(320);
  await client.stop('poster');
  await client.inState('poster', 'STOPPED');
  await page.close();
  await encoder.exited;
  await assertNothingLeft(cluster);
});

const newestNumber = (playlist: string): number => Number(/_(\d+)\.ts\s*$/.exec(playlist)?.[1] ?? Number.NaN);
