import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { startLiveStream } from '../../../api/live/testing/liveStreams.ts';
import { startChild } from '../../e2e/harness/childProcess.ts';
import { startApiUnderLoad } from '../api/apiUnderLoad.ts';
import { cpuSeconds } from '../cpuSeconds.ts';
import { quantile } from '../quantile.ts';
import { LiveViewer, type ViewerCounts } from './liveViewer.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** What coming costs is not counted. */
const SETTLE_MS = 5_000;
const COMING_PER_SECOND = 500;

/**
 * Viewers of low-latency streams at one API over plain HTTP, each as hls.js is. The parts come from an origin without a worker, whose bytes say when
 * each was closed. The viewers run in this process, on the same cores. `--streams 1 --viewers 1000 --seconds 20 --kbps 2000 --part-ms 333`
 */
export async function viewersBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      streams: { type: 'string', default: '1' },
      viewers: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '20' },
      kbps: { type: 'string', default: '2000' },
      'part-ms': { type: 'string', default: '333' },
    },
  });
  const [streams, each, seconds] = [Number(values.streams), Number(values.viewers), Number(values.seconds)];
  const api = await startApiUnderLoad();
  const program = fileURLToPath(new URL('syntheticOrigin.ts', import.meta.url));
  const origin = startChild(process.execPath, [program, values.streams, values['part-ms'], values.kbps], { cwd: root });
  const redis = new Redis(api.redisUrl);
  const viewers: LiveViewer[] = [];
  try {
    const { url } = await origin.line('listening', 30_000);
    for (let i = 0; i < streams; i += 1) await startLiveStream(redis, `live-${i}`, String(url));
    const counts: ViewerCounts = { ages: [], parts: 0, playlists: 0, bytes: 0, failures: 0, skipped: 0 };
    for (let i = 0; i < streams * each; i += 1) {
      const viewer = new LiveViewer(api.url, `live-${i % streams}`, counts);
      viewers.push(viewer);
      void viewer.run();
      if (i % (COMING_PER_SECOND / 10) === 0) await sleep(100);
    }
    await sleep(SETTLE_MS);
    Object.assign(counts, { ages: [], parts: 0, playlists: 0, bytes: 0, skipped: 0 });
    const pids = { api: api.pids.api, origin: origin.pid, viewers: process.pid };
    const cpu = () => Object.values(pids).map(cpuSeconds);
    const [before, begun] = [cpu(), performance.now()];
    await sleep(seconds * 1_000);
    const took = (performance.now() - begun) / 1_000;
    const [ofApi = 0, ofOrigin = 0, ofViewers = 0] = cpu().map((value, i) => (value - (before[i] ?? 0)) / took);
    const { ages, parts, playlists, bytes, failures, skipped } = counts;
    const requests = (parts + playlists) / took;
    console.log(
      `\n${streams} streams of ${values.kbps} kb/s, ${each} viewers each, parts of ${values['part-ms']} ms, ${Math.round(took)} s`,
    );
    row('requests a second, Mb/s', `${Math.round(requests)}, ${Math.round((bytes * 8) / took / 1e6)}`);
    row('failures, parts that were missed', `${failures}, ${skipped}`);
    row('CPU of the API (of one core)', `${(ofApi * 100).toFixed(1)} %`);
    row(
      '  per viewer, per stream',
      `${((ofApi * 100) / viewers.length).toFixed(3)} %, ${((ofApi * 100) / streams).toFixed(2)} %`,
    );
    row('  per request', `${((ofApi * 1e6) / requests).toFixed(0)} us`);
    row('CPU of the origin, of the viewers', `${(ofOrigin * 100).toFixed(1)} %, ${(ofViewers * 100).toFixed(1)} %`);
    row(
      'part age at delivery, p50 / p95 / p99',
      `${[0.5, 0.95, 0.99].map(q => quantile(ages, q).toFixed(0)).join(' / ')} ms`,
    );
    row('memory of the API', `${Math.round(await api.rss())} MB`);
  } finally {
    for (const viewer of viewers) viewer.stop();
    redis.disconnect();
    await origin.stop();
    await api.stop();
  }
}

const row = (label: string, figure: string): void => console.log(`  ${label.padEnd(44)} ${figure}`);
