import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { startBrowser } from './harness/browser.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { waitFor } from './harness/waitFor.ts';

const smallLadder = JSON.stringify([
  { width: 640, height: 360, video: 800, audio: 96 },
  { width: 426, height: 240, video: 400, audio: 64 },
]);

let cluster: Cluster;
let browser: Browser;

beforeAll(async () => {
  cluster = await startCluster({ env: { LADDER: smallLadder, HLS_SEGMENT_SECONDS: '2' } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});

interface Seen {
  currentTime: number;
  fatalErrors: number;
  phase: string;
}

const look = (page: Page): Promise<Seen> =>
  page.evaluate<Seen>(
    '({ currentTime: livetran.currentTime, fatalErrors: livetran.fatalErrors, phase: livetran.phase })',
  );

/** The picture moves: two seconds further than `from`. */
const playsOn = (page: Page, from: number): Promise<Seen> =>
  waitFor(
    `the picture to move on from ${from} s`,
    async () => {
      const seen = await look(page);
      return seen.currentTime > from + 2 && seen;
    },
    40_000,
  );

test.each([
  ['a single profile', false],
  ['a ladder', true],
])('%s plays in Chromium, through the reconnect of its encoder and the change of its worker', async (name, abr) => {
  const id = name.replaceAll(' ', '-');
  const { client } = cluster;
  await client.start(id, { abr });
  const { srt_url: srtUrl } = await client.inState(id, 'READY');
  const page = await browser.newPage();
  await page.goto(`${cluster.apiUrl}/watch/${id}`);
  const first = startEncoder({ srtUrl: String(srtUrl), size: '640x360' });
  const oracle = new PlaylistOracle(await client.link(id));
  const start = await playsOn(page, 0);

  first.kill('SIGKILL');
  await client.inState(id, 'READY');
  const second = startEncoder({ srtUrl: String(srtUrl), size: '640x360' });
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
  const third = startEncoder({ srtUrl: String(ready.srt_url), size: '640x360' });
  const last = await playsOn(page, again.currentTime + 4);
  expect(last.fatalErrors).toBe(0);

  await client.stop(id);
  await client.inState(id, 'STOPPED');
  await waitFor('the page to say that it is over', async () => (await look(page)).phase === 'ended', 30_000);
  const verdict = await oracle.stop();
  expect(verdict).toMatchObject({ violations: [], gaps: 0 });
  await Promise.all([first.exited, third.exited]);
  await page.close();
  await assertNothingLeft(cluster);
});
