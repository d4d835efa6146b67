import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBrowser } from '../e2e/harness/browser.ts';
import { startClockEncoder } from '../e2e/harness/clockEncoder.ts';
import { startCluster } from '../e2e/harness/cluster.ts';
import { type LatencySamples, latencyProbe } from '../e2e/harness/latencyProbe.ts';
import { waitFor } from '../e2e/harness/waitFor.ts';
import { quantile } from './quantile.ts';

/** What the start costs is caught up within this time (s). */
const SETTLE_SECONDS = 30;

const single = JSON.stringify({ width: 640, height: 360, video: 1000, audio: 96 });

/**
 * Glass to glass through the watch page in Chromium: each picture of the source shows when it was made, and is read off the
 * page's video. Arguments: `--seconds 600`, `--latency reduced`, `--profile transcode`, `--storage s3|file`.
 */
export async function latencyBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '600' },
      latency: { type: 'string', default: 'reduced' },
      profile: { type: 'string', default: 'transcode' },
      storage: { type: 'string', default: 's3' },
    },
  });
  const { latency, profile } = values;
  const storage = values.storage === 'file' ? 'file' : 's3';
  const cluster = await startCluster({ storage, env: { SINGLE: single } });
  const browser = await startBrowser();
  let encoder: ReturnType<typeof startClockEncoder> | undefined;
  try {
    await cluster.client.start('bench', { latency, profile });
    const { srt_url: srtUrl } = await cluster.client.inState('bench', 'READY');
    const page = await browser.newPage();
    await page.goto(`${cluster.apiUrl}/watch/bench`);
    encoder = startClockEncoder(String(srtUrl));
    await latencyProbe.begin(page);
    await waitFor('the first picture', async () => (await latencyProbe.look(page)).ms.length > 0, 60_000);
    await sleep(SETTLE_SECONDS * 1000);
    await latencyProbe.begin(page);
    await sleep(Number(values.seconds) * 1000);
    report(`${profile}, ${latency}, ${storage}, ${values.seconds} s`, await latencyProbe.look(page));
  } finally {
    encoder?.kill('SIGKILL');
    await encoder?.exited;
    await browser.close();
    await cluster.stop();
  }
}

function report(what: string, { ms, stalls, longest, latency }: LatencySamples): void {
  const seconds = (q: number): string => (quantile(ms, q) / 1000).toFixed(2);
  console.log(`\n${what}: ${ms.length} pictures`);
  console.log(`  glass to glass, p5 / p50 / p95 / p99   ${[0.05, 0.5, 0.95, 0.99].map(seconds).join(' / ')} s`);
  console.log(`  stalls of 300 ms or more               ${stalls}, longest pause ${Math.round(longest)} ms`);
  console.log(`  hls.js's own figure at the end         ${latency.toFixed(2)} s`);
}
