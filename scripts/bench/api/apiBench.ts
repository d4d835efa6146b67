import { cpuSeconds } from '../cpuSeconds.ts';
import { quantile } from '../quantile.ts';
import { startApiUnderLoad } from './apiUnderLoad.ts';
import { readLoad } from './readLoad.ts';
import { startLoad } from './startLoad.ts';

const PATH = '/v1/streams';
const AMOUNT = 100_000;
/** Counted as always, and never reached. */
const LIMITS = { RATE_LIMIT_PER_KEY: '60000000', RATE_LIMIT_PER_ADDRESS: '60000000' };

/**
 * The API under load, with replay checks and rate limits on: signed reads of a stream, the API's memory over 100,000 of them, and
 * starts at 50 a second. The load comes from this machine too, so it takes its share of the cores.
 */
export async function apiBench(rounds: number): Promise<void> {
  const api = await startApiUnderLoad({ MAX_STREAMS: '1000000', ...LIMITS });
  const { url, secret } = api;
  try {
    await startLoad({ url, path: PATH, secret, prefix: 'read', perSecond: 1, seconds: 1 });
    const read = (amount: number) => readLoad({ url, path: `${PATH}/read-0`, secret, amount });
    await read(20_000);
    const warm = await api.rss();
    console.log('reads            a second    p50 ms    p99 ms    failed    API µs    Redis µs    API MB');
    for (let round = 1; round <= rounds; round += 1) {
      const before = [cpuSeconds(api.pids.api), cpuSeconds(api.pids.redis)] as const;
      const { perSecond, p50, p99, failed } = await read(AMOUNT);
      const cpu = [cpuSeconds(api.pids.api) - before[0], cpuSeconds(api.pids.redis) - before[1]];
      const each = cpu.map(seconds => (seconds * 1e6) / AMOUNT);
      const columns = [Math.round(perSecond), p50, p99, failed, ...each.map(Math.round), Math.round(await api.rss())];
      console.log(`${AMOUNT}  ${columns.map(column => String(column).padStart(10)).join('')}`);
    }
    const [before, after] = [warm, await api.rss()].map(Math.round);
    console.log(`memory of the API: ${before} MB after 20,000 reads, ${after} MB after ${rounds * AMOUNT} more`);
    const starts = await startLoad({ url, path: PATH, secret, prefix: 'start', perSecond: 50, seconds: 20 });
    const [half = 0, most = 0] = [0.5, 0.99].map(share => quantile(starts, share));
    console.log(
      `starts at 50 a second: p50 ${half.toFixed(1)} ms, p99 ${most.toFixed(1)} ms (${starts.length} starts)`,
    );
  } finally {
    await api.stop();
  }
}
