import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLadder } from '../../common/stream/streamProfile.ts';
import { startCluster } from '../e2e/harness/cluster.ts';
import { bareRun } from './bareRun.ts';
import { livetranRun, type RunResult } from './livetranRun.ts';
import { median, quantile } from './quantile.ts';
import { makeSource } from './source.ts';

const SECONDS = 14;

const cases = [
  { name: '720p30 single profile', size: '1280x720', profile: 'transcode', goalMs: 1_500 },
  { name: '1080p30 ladder', size: '1920x1080', profile: 'ladder', goalMs: 1_800 },
] as const;

const row = (label: string, ours: string, bare: string): void =>
  console.log(`  ${label.padEnd(52)} ${ours.padStart(14)} ${bare.padStart(14)}`);

/**
 * The way from SRT to HLS beside a bare FFmpeg that does the same.
 * @param runs of each kind, Livetran and the bare FFmpeg in turn, so that both see the same machine
 */
export async function pathBench(runs: number): Promise<void> {
  const tmp = await mkdtemp(join(tmpdir(), 'livetran-bench-'));
  const cluster = await startCluster();
  try {
    for (const { name, size, profile, goalMs } of cases) {
      const source = await makeSource(tmp, { size, seconds: SECONDS });
      const ours: RunResult[] = [];
      const bare: RunResult[] = [];
      for (let i = 0; i < runs; i += 1) {
        ours.push(await livetranRun(cluster, `bench-${profile}-${i}`, profile, source));
        bare.push(await bareRun(tmp, cluster.ports.last, isLadder(profile), source));
        console.log(
          `  run ${i + 1} of ${runs}: ${name}: ${ours.at(-1)?.fromConnectMs} ms, bare ${bare.at(-1)?.fromStartMs} ms`,
        );
      }
      const lags = ours.flatMap(run => run.closedToListedMs);
      console.log(`\n${name}, ${SECONDS} s of media, median of ${runs}`);
      row('', 'Livetran', 'bare FFmpeg');
      const ms = (pick: (run: RunResult) => number | undefined, runs: RunResult[]) =>
        `${Math.round(median(runs.map(run => pick(run) ?? Number.NaN)))} ms`;
      row(
        `first packet to playable playlist (goal ${goalMs} ms)`,
        ms(run => run.fromConnectMs, ours),
        '',
      );
      row(
        'start of the sender to playable playlist',
        ms(run => run.fromStartMs, ours),
        ms(run => run.fromStartMs, bare),
      );
      row(
        'CPU time, SRT to HLS',
        `${median(ours.map(r => r.cpu)).toFixed(2)} s`,
        `${median(bare.map(r => r.cpu)).toFixed(2)} s`,
      );
      row(`segment closed to listed, p50 (${lags.length} segments)`, `${Math.round(quantile(lags, 0.5))} ms`, '');
      row('segment closed to listed, p95 (goal 300 ms)', `${Math.round(quantile(lags, 0.95))} ms`, '');
      console.log('');
    }
  } finally {
    await cluster.stop();
    await rm(tmp, { recursive: true, force: true });
  }
}
