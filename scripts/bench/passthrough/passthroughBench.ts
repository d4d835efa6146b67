import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeSource } from '../source.ts';
import { livetranPassthrough } from './livetranPassthrough.ts';
import { mediaMtxRun } from './mediaMtxRun.ts';
import type { ProcessLoad } from './processLoad.ts';

const WARM_SECONDS = 20;
/** MediaMTX v1 at 2 Mb/s, where its binary is not given: % of a core per stream, as measured on 2 shared cores. */
const RECORDED_MEDIAMTX_PERCENT = 1.3;

/**
 * Streams of 2 Mb/s passed on as they are, SRT to HLS in the store, beside MediaMTX where `MEDIAMTX` names its binary.
 * `--streams 20 --seconds 30 --segment 2`
 */
export async function passthroughBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      streams: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '30' },
      segment: { type: 'string', default: '2' },
    },
  });
  const [streams, seconds, segmentSeconds] = [Number(values.streams), Number(values.seconds), Number(values.segment)];
  const tmp = await mkdtemp(join(tmpdir(), 'livetran-bench-'));
  try {
    // Senders start one after the other: the first one must last until the end.
    const source = await makeSource(tmp, {
      size: '1280x720',
      kbps: 1_870,
      seconds: seconds + WARM_SECONDS + 60 + streams,
    });
    const given = { tmp, source, streams, warmSeconds: WARM_SECONDS, seconds, segmentSeconds };
    const ours = await livetranPassthrough(given);
    const theirs = process.env.MEDIAMTX ? await mediaMtxRun(process.env.MEDIAMTX, given) : undefined;
    console.log(`\n${streams} streams of 2 Mb/s passed on, ${segmentSeconds} s segments, ${seconds} s`);
    const percent = (load: ProcessLoad): number => (load.cores / streams) * 100;
    const reference = theirs ? percent(theirs) : RECORDED_MEDIAMTX_PERCENT;
    row("the worker's CPU per stream", `${percent(ours).toFixed(2)} % of a core`);
    row(`MediaMTX's (${theirs ? 'same run' : 'recorded'})`, `${reference.toFixed(2)} % of a core`);
    row('ratio', (percent(ours) / reference).toFixed(2));
    row(
      'PSS per stream, ours / MediaMTX',
      `${(ours.pssMb / streams).toFixed(1)} / ${theirs ? (theirs.pssMb / streams).toFixed(1) : '-'} MB`,
    );
    row('closed to listed, p50 / p95', `${ours.lagMs.p50} / ${ours.lagMs.p95} ms`);
    row('violations in all playlists', String(ours.violations));
  } finally {
    await rm(tmp, { recursive: true, force: true });
  }
}

const row = (label: string, figure: string): void => console.log(`  ${label.padEnd(44)} ${figure}`);
