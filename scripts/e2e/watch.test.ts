import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { startBrowser } from './harness/browser.ts';
import type { Child } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
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

/** When the stream's latest objects came into the store: the time since, s. */
const lastPuts = (id: string): string[] =>
  [...(cluster.s3?.objects() ?? [])]
    .filter(([key]) => key.startsWith(`${id}/`))
    .map(([key, { writes }]) => `${key} ${((Date.now() - (writes[0]?.time ?? 0)) / 1000).toFixed(1)}`)
    .slice(-15);

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

// Once in a while a loaded Chromium lets one request wait for ten seconds: then the whole is seen once more.
test.each([
  ['a single profile', false],
  ['a ladder', true],
])(
  '%s plays in Chromium, through the reconnect of its encoder and the change of its worker',
  { retry: 1 },
  async (_name, abr) => {
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
  },
);

async function watch(id: string, abr: boolean, page: Page, encoders: Child[]): Promise<void> {
  const { client } = cluster;
  const encode = (srtUrl: unknown): Child => {
    const encoder = startEncoder({ srtUrl: String(srtUrl), size: '640x360' });
    encoders.push(encoder);
    return encoder;
  };
  await client.start(id, { abr });
  const { srt_url: srtUrl } = await client.inState(id, 'READY');
  const slowRequests = watchedPage.followRequests(page);
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
  const told = JSON.stringify({ last, slow: slowRequests(), puts: lastPuts(id) });
  expect(last.stall, told).toBeLessThan((await longestBreak(link)) + 2);

  await client.stop(id);
  await client.inState(id, 'STOPPED');
  const over = async (): Promise<boolean> => (await watchedPage.look(page)).phase === 'ended';
  await waitFor('the page to say that it is over', over, 30_000);
  const verdict = await oracle.stop();
  expect(verdict).toMatchObject({ violations: [], gaps: 0 });
}
