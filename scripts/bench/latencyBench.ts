import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../e2e/harness/browser.ts';
import { startClockEncoder } from '../e2e/harness/clockEncoder.ts';
import { type Cluster, startCluster } from '../e2e/harness/cluster.ts';
import { type LatencySamples, latencyProbe } from '../e2e/harness/latencyProbe.ts';
import { waitFor } from '../e2e/harness/waitFor.ts';
import { plainPlayer } from './plainPlayer.ts';
import { quantile } from './quantile.ts';

const single = JSON.stringify({ width: 640, height: 360, video: 1000, audio: 96 });

const ladder = JSON.stringify([
  { width: 640, height: 360, video: 1000, audio: 96 },
  { width: 320, height: 180, video: 400, audio: 64 },
]);

const players = ['page', 'hls.js', 'hls.js-catch-up'] as const;
type Player = (typeof players)[number];

interface Run {
  profile: string;
  latency: string;
  player: Player;
  seconds: number;
  settleSeconds: number;
  switchSeconds: number;
}

/**
 * Glass to glass in Chromium: each picture of the source shows when it was made, and is read off the player's video. The players
 * are the watch page, and hls.js alone; `low` plays from /live. Arguments: `--seconds 600`, `--settle 30` (what the start costs is caught up
 * by then), `--latency reduced`, `--profile transcode,passthrough`, `--player page,hls.js,hls.js-catch-up`, `--switch 5` (seconds
 * from one level of a ladder to the next), `--storage s3|file`.
 */
export async function latencyBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '600' },
      settle: { type: 'string', default: '30' },
      latency: { type: 'string', default: 'reduced' },
      profile: { type: 'string', default: 'transcode' },
      player: { type: 'string', default: 'page' },
      switch: { type: 'string', default: '0' },
      storage: { type: 'string', default: 's3' },
    },
  });
  const storage = values.storage === 'file' ? 'file' : 's3';
  const cluster = await startCluster({ storage, env: { SINGLE: single, LADDER: ladder } });
  const browser = await startBrowser();
  try {
    const settings = {
      ...{ latency: values.latency, seconds: Number(values.seconds) },
      ...{ settleSeconds: Number(values.settle), switchSeconds: Number(values.switch) },
    };
    for (const profile of values.profile.split(','))
      for (const player of values.player.split(','))
        await measure(cluster, browser, {
          ...settings,
          profile,
          player: players.find(one => one === player) ?? 'page',
        });
  } finally {
    await browser.close();
    await cluster.stop();
  }
}

async function measure(cluster: Cluster, browser: Browser, run: Run): Promise<void> {
  const { profile, latency, player, seconds, settleSeconds } = run;
  const id = `${profile}-${player.replaceAll('.', '')}`;
  await cluster.client.start(id, { latency, profile });
  const { srt_url: srtUrl } = await cluster.client.inState(id, 'READY');
  const encoder = startClockEncoder(String(srtUrl), { gop: latency === 'low' ? 1 : 2 });
  try {
    const page = await open(cluster, browser, id, run);
    await latencyProbe.begin(page);
    await waitFor('the first picture', async () => (await latencyProbe.look(page)).ms.length > 0, 60_000);
    await sleep(settleSeconds * 1000);
    await latencyProbe.begin(page);
    await sleep(seconds * 1000);
    report(`${profile}, ${latency}, ${player}, ${seconds} s`, await latencyProbe.look(page));
    if (player !== 'page')
      console.log(
        `  fatal errors, and all of hls.js's          ${await page.evaluate('livetran.fatalErrors')}, ${await page.evaluate('JSON.stringify(livetran.errors)')}`,
      );
    await page.close();
  } finally {
    encoder.kill('SIGKILL');
    await encoder.exited;
    await cluster.client.stop(id);
  }
}

async function open(
  cluster: Cluster,
  browser: Browser,
  id: string,
  { player, latency, switchSeconds }: Run,
): Promise<Page> {
  if (player !== 'page') {
    const link = await cluster.client.link(id);
    const playlist = latency === 'low' ? `${cluster.apiUrl}/live/${id}/${basename(link)}` : link;
    const catchesUp = player === 'hls.js-catch-up';
    return plainPlayer(browser, { origin: `${cluster.apiUrl}/healthz`, playlist, catchesUp, switchSeconds });
  }
  const page = await browser.newPage();
  await page.goto(`${cluster.apiUrl}/watch/${id}`);
  return page;
}

function report(what: string, { ms, stalls, longest, latency }: LatencySamples): void {
  const seconds = (q: number): string => (quantile(ms, q) / 1000).toFixed(2);
  console.log(`\n${what}: ${ms.length} pictures`);
  console.log(`  glass to glass, p5 / p50 / p95 / p99   ${[0.05, 0.5, 0.95, 0.99].map(seconds).join(' / ')} s`);
  console.log(`  stalls of 300 ms or more               ${stalls}, longest pause ${Math.round(longest)} ms`);
  console.log(`  hls.js's own figure at the end         ${latency.toFixed(2)} s`);
}
