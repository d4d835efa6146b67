import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { startBrowser } from './harness/browser.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { type EncoderOptions, startEncoder } from './harness/encoder.ts';
import { mediaPlaylist, multivariantPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { waitFor } from './harness/waitFor.ts';
import { type Watched, watchedPage } from './harness/watchedPage.ts';

const smallLadder = JSON.stringify([
  { width: 640, height: 360, video: 800, audio: 96 },
  { width: 426, height: 240, video: 400, audio: 64 },
]);

let cluster: Cluster;
let browser: Browser;

beforeAll(async () => {
  cluster = await startCluster({ env: { LADDER: smallLadder, HLS_SEGMENT_SECONDS: '2', HLS_WINDOW: '60' } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});

/** The picture moves: two seconds further than `from`. */
const playsOn = (page: Page, from: number): Promise<Watched> =>
  waitFor(
    `the picture to move on from ${from} s`,
    async () => {
      const seen = await watchedPage.look(page);
      return seen.currentTime > from + 2 && seen;
    },
    40_000,
  );

const timeOf = (dateTime: string | undefined): number => Date.parse(String(dateTime));

/** The longest time without media between two listed segments, s. */
async function longestBreak(link: string): Promise<number> {
  const { variants } = link.endsWith('_master.m3u8') ? await multivariantPlaylist(link) : { variants: [{ url: link }] };
  const { segments } = await mediaPlaylist(variants[0]?.url ?? link);
  const breaks = segments.slice(1).map(({ programDateTime }, i) => {
    const before = segments[i];
    return before ? (timeOf(programDateTime) - timeOf(before.programDateTime)) / 1000 - before.duration : 0;
  });
  return Math.max(0, ...breaks);
}

let shows = 0;

test.each([
  ['a single profile', false],
  ['a ladder', true],
])('%s plays in Chromium, through the reconnect of its encoder and the change of its worker', async (_name, abr) => {
  shows += 1;
  const page = await browser.newPage();
  const encoders: Child[] = [];
  try {
    await watch(`show-${shows}`, abr, page, encoders);
  } finally {
    await cluster.client.stop(`show-${shows}`);
    await Promise.all(encoders.map(encoder => encoder.exited));
    await page.close();
  }
  await assertNothingLeft(cluster);
});

async function watch(id: string, abr: boolean, page: Page, encoders: Child[]): Promise<void> {
  const { client } = cluster;
  const encode = (srtUrl: unknown): Child => {
    const encoder = startEncoder({ srtUrl: String(srtUrl), size: '640x360' });
    encoders.push(encoder);
    return encoder;
  };
  await client.start(id, { abr });
  const { srt_url: srtUrl } = await client.inState(id, 'READY');
  await page.goto(`${cluster.apiUrl}/watch/${id}`);
  const first = encode(srtUrl);
  const link = await client.link(id);
  const oracle = new PlaylistOracle(link);
  const start = await playsOn(page, 0);
  await watchedPage.begin(page);

  first.kill('SIGKILL');
  await client.inState(id, 'READY');
  const second = encode(srtUrl);
  const again = await playsOn(page, start.currentTime + 4);

  // A worker that is told to stop hands its streams over; the next one gives the encoder its port and key again.
  const [old] = cluster.workers.splice(0, 1);
  await cluster.addWorker();
  expect(await old?.stop()).toEqual({ code: 0, signal: null });
  await second.exited;
  const ready = await waitFor('the new owner', async () => {
    const stream = await client.stream(id);
    return stream?.state === 'READY' && stream.reason === 'handed_over' && stream;
  });
  encode(ready.srt_url);
  const last = await playsOn(page, again.currentTime + 4);
  expect({ fatalErrors: last.fatalErrors, reconnects: last.reconnects }).toEqual({ fatalErrors: 0, reconnects: 0 });
  expect(last.stall).toBeLessThan((await longestBreak(link)) + 2);

  await client.stop(id);
  await client.inState(id, 'STOPPED');
  const over = async (): Promise<boolean> => (await watchedPage.look(page)).phase === 'ended';
  await waitFor('the page to say that it is over', over, 30_000);
  const verdict = await oracle.stop();
  expect(verdict).toMatchObject({ violations: [], gaps: 0 });
}

test('the last pictures of an encoder have no sound: the next one is played all the same', async () => {
  const { client } = cluster;
  const page = await browser.newPage();
  await client.start('tail');
  const { srt_url: srtUrl } = await client.inState('tail', 'READY');
  await page.goto(`${cluster.apiUrl}/watch/tail`);
  const encode = (length: Partial<EncoderOptions>): Child =>
    startEncoder({ srtUrl: String(srtUrl), size: '640x360', fps: 25, ...length });
  // Segments end at 1, 3 and 5 s; two pictures are beyond that, and the sound ends before.
  const first = encode({ seconds: 5.8, toneSeconds: 4.9 });
  const link = await client.link('tail');
  const oracle = new PlaylistOracle(link);
  await playsOn(page, 0);
  await watchedPage.begin(page);
  await first.exited;
  await client.inState('tail', 'READY');
  const second = encode({});
  const seen = await playsOn(page, 6);
  expect(seen).toMatchObject({ fatalErrors: 0, reconnects: 0 });
  expect(seen.stall).toBeLessThan((await longestBreak(link)) + 2);
  await client.stop('tail');
  await second.exited;
  await client.inState('tail', 'STOPPED');
  expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
  await page.close();
  await assertNothingLeft(cluster);
});

test('a viewer who came before the first picture sees it move steadily from the start', async () => {
  const { client } = cluster;
  const page = await browser.newPage();
  await client.start('early');
  const { srt_url: srtUrl } = await client.inState('early', 'READY');
  await page.goto(`${cluster.apiUrl}/watch/early`);
  const encoder = startEncoder({ srtUrl: String(srtUrl), size: '640x360' });
  const moves = async (): Promise<boolean> => (await watchedPage.look(page)).currentTime > 0;
  await waitFor('the first picture', moves, 40_000);
  await watchedPage.begin(page);
  const seen = await playsOn(page, 8);
  // The first segment has one second, and the next one comes two seconds after it.
  expect(seen.stall).toBeLessThan(0.6);
  expect(seen).toMatchObject({ fatalErrors: 0, reconnects: 0, phase: 'playing' });
  // A viewer who pauses falls behind; the page says so, and leads back.
  await page.evaluate('document.getElementById("video").pause()');
  const goLive = page.locator('#golive');
  await goLive.waitFor({ state: 'visible', timeout: 60_000 });
  expect(await page.locator('#badge').textContent()).toMatch(/^\d+ s behind$/);
  await goLive.click();
  await goLive.waitFor({ state: 'hidden', timeout: 20_000 });
  expect(await page.locator('#badge').textContent()).toMatch(/^Live · \d+ s$/);
  await client.stop('early');
  await encoder.exited;
  await client.inState('early', 'STOPPED');
  await page.close();
  await assertNothingLeft(cluster);
});
