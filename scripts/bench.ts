import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bareRun } from './bench/bareRun.ts';
import { livetranRun, type RunResult } from './bench/livetranRun.ts';
import { makeSource } from './bench/source.ts';
import { startCluster } from './e2e/harness/cluster.ts';

/** Runs of each kind, Livetran and the bare FFmpeg in turn, so that both see the same machine. */
const RUNS = Number(process.argv[2] ?? 5);
const SECONDS = 14;

const cases = [
  { name: '720p30 single profile', size: '1280x720', abr: false, goalMs: 2_000 },
  { name: '1080p30 ladder', size: '1920x1080', abr: true, goalMs: 3_000 },
];

const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
};
const median = (values: readonly number[]): number => quantile(values, 0.5);
const row = (label: string, ours: string, bare: string): void =>
  console.log(`  ${label.padEnd(52)} ${ours.padStart(14)} ${bare.padStart(14)}`);

const tmp = await mkdtemp(join(tmpdir(), 'livetran-bench-'));
const cluster = await startCluster();
try {
  for (const { name, size, abr, goalMs } of cases) {
    const source = await makeSource(tmp, size, SECONDS);
    const ours: RunResult[] = [];
    const bare: RunResult[] = [];
    for (let i = 0; i < RUNS; i += 1) {
      ours.push(await livetranRun(cluster, `bench-${abr ? 'ladder' : 'single'}-${i}`, abr, source));
      bare.push(await bareRun(tmp, cluster.ports.last, abr, source));
      console.log(
        `  run ${i + 1} of ${RUNS}: ${name}: ${ours.at(-1)?.fromConnectMs} ms, bare ${bare.at(-1)?.fromStartMs} ms`,
      );
    }
    const lags = ours.flatMap(run => run.closedToListedMs);
    console.log(`\n${name}, ${SECONDS} s of media, median of ${RUNS}`);
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
