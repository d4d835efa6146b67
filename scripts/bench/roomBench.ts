import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import type { CDPSession, Page } from 'playwright-core';
import { startTestApi } from '../../api/testing/testApi.ts';
import { startRedis } from '../../common/testing/startRedis.ts';
import { startBrowser } from '../e2e/harness/browser.ts';
import { standInStreams } from '../room/standInStreams.ts';
import { quantile } from './quantile.ts';

const PASSWORD = 'of the bench';
/** The first draw, which is not what is measured. */
const SETTLE_MS = 10_000;
/** The page's main thread may work so long each second. */
const BAR_MS = 100;

/**
 * The control room's list of live streams in Chromium: how long its main thread works each second. CDP's `TaskDuration` counts all of it:
 * scripts, styles, layout, painting. Arguments: `--streams 200`, `--seconds 60`. Exits with 1 above 100 ms a second.
 */
export async function roomBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { streams: { type: 'string', default: '200' }, seconds: { type: 'string', default: '60' } },
  });
  const server = await startRedis();
  const redis = new Redis(server.url);
  const api = await startTestApi(server.url, { ADMIN_PASSWORD: PASSWORD });
  const browser = await startBrowser();
  try {
    const count = Number(values.streams);
    const streams = await standInStreams(redis, { count, playlist: id => `${api.url}/video/${id}/${id}.m3u8` });
    const page = await browser.newPage({ viewport: { width: 1_360, height: 900 } });
    await logIn(page, api.url);
    await page
      .locator('.stream')
      .nth(count - 1)
      .waitFor();
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    await sleep(SETTLE_MS);
    const seconds = await measure(cdp, Number(values.seconds));
    report(count, seconds);
    await streams.stop();
  } finally {
    await browser.close();
    await api.stop();
    redis.disconnect();
    await server.stop();
  }
}

async function logIn(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/admin`);
  await page.getByLabel('User').fill('admin');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
}

interface Second {
  task: number;
  script: number;
  layout: number;
}

/** ms of CPU of the page's main thread in each second. */
async function measure(cdp: CDPSession, count: number): Promise<Second[]> {
  const look = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    const of = (name: string): number => 1_000 * (metrics.find(each => each.name === name)?.value ?? 0);
    const layout = of('LayoutDuration') + of('RecalcStyleDuration');
    return { at: performance.now(), task: of('TaskDuration'), script: of('ScriptDuration'), layout };
  };
  const seconds: Second[] = [];
  let before = await look();
  for (let i = 0; i < count; i += 1) {
    await sleep(1_000);
    const now = await look();
    const elapsed = (now.at - before.at) / 1_000;
    seconds.push({
      task: (now.task - before.task) / elapsed,
      script: (now.script - before.script) / elapsed,
      layout: (now.layout - before.layout) / elapsed,
    });
    before = now;
  }
  return seconds;
}

function report(count: number, seconds: readonly Second[]): void {
  const mean = (read: (second: Second) => number): number =>
    seconds.reduce((sum, second) => sum + read(second), 0) / seconds.length;
  const work = mean(({ task }) => task);
  const p95 = quantile(
    seconds.map(({ task }) => task),
    0.95,
  );
  console.log(`\nControl room with ${count} live streams, ${seconds.length} s in Chromium, main thread, ms a second`);
  console.log(`  all work, mean / p95   ${work.toFixed(0)} / ${p95.toFixed(0)}`);
  console.log(`  scripts                ${mean(({ script }) => script).toFixed(0)}`);
  console.log(`  styles and layout      ${mean(({ layout }) => layout).toFixed(0)}`);
  if (work > BAR_MS) process.exitCode = 1;
}
