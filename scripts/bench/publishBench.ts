import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../e2e/harness/childProcess.ts';
import { type Cluster, startCluster } from '../e2e/harness/cluster.ts';
import { PlaylistOracle } from '../e2e/harness/playlistOracle.ts';
import { cpuSeconds } from './cpuSeconds.ts';
import { putBench } from './putBench.ts';
import { quantile } from './quantile.ts';
import { makeSource, type Source, sendSource } from './source.ts';

/** Of steady state, after every stream can be played. */
const SECONDS = 30;
const SEGMENT_SECONDS = 2;
/** Thirty encodes have to fit two cores. */
const single = JSON.stringify({ width: 64, height: 36, video: 50, audio: 32 });

/** How publishing keeps up: one worker with so many tiny streams, an S3 store and its one write a second to a playlist. */
export async function publishBench(counts: readonly number[]): Promise<void> {
  const tmp = await mkdtemp(join(tmpdir(), 'livetran-bench-'));
  try {
    const source = await makeSource(tmp, { size: '64x36', rate: 5, kbps: 50, seconds: SECONDS + 120 });
    for (const count of counts) await runStreams(count, source);
    await putBench();
  } finally {
    await rm(tmp, { recursive: true, force: true });
  }
}

async function runStreams(count: number, source: Source): Promise<void> {
  const cluster = await startCluster({
    env: {
      ...{ SINGLE: single, VIDEO_PRESET: 'ultrafast', HLS_SEGMENT_SECONDS: String(SEGMENT_SECONDS), GOP_SECONDS: '2' },
      ...{ WORKER_STREAMS: String(count), POSTERS: 'off' },
    },
  });
  const senders: Child[] = [];
  try {
    const links = await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const id = `bench-${i}`;
        await cluster.client.start(id);
        const { srt_url: srtUrl } = await cluster.client.inState(id, 'READY', 60_000);
        senders.push(sendSource(source, String(srtUrl)));
        return cluster.client.link(id, 90_000);
      }),
    );
    // The first segment of a run is short, so the second one has to wait for the store's one write a second.
    await sleep(3 * SEGMENT_SECONDS * 1000);
    const oracle = new PlaylistOracle(links[0] ?? '');
    report(count, await measure(cluster), (await oracle.stop()).violations.length);
  } finally {
    for (const sender of senders) sender.kill('SIGKILL');
    await Promise.all(senders.map(sender => sender.exited));
    await cluster.stop();
  }
}

interface Measured {
  lags: number[];
  puts: number;
  segments: number;
  /** The worker's own, s. */
  cpu: number;
  /** Share of the machine's cores that had nothing to do. */
  idle: number;
}

async function measure({ workers: [worker], s3 }: Cluster): Promise<Measured> {
  if (!worker || !s3) throw new Error('the bench needs a worker and the S3 double');
  const before = {
    lines: worker.log.length,
    requests: s3.requests.length,
    cpu: cpuSeconds(worker.pid),
    cores: coreSeconds(),
  };
  await sleep(SECONDS * 1000);
  const listed = worker.log.slice(before.lines).filter(line => line.msg === 'segment listed');
  const puts = s3.requests.slice(before.requests).filter(({ method, status }) => method === 'PUT' && status === 200);
  const cores = coreSeconds();
  return {
    lags: listed.map(line => Number(line.closedToListedMs)),
    puts: puts.length,
    segments: puts.filter(({ key }) => key.endsWith('.ts')).length,
    cpu: cpuSeconds(worker.pid) - before.cpu,
    idle: (cores.idle - before.cores.idle) / (cores.all - before.cores.all),
  };
}

/** Of all cores since the start (s, by os.cpus()). */
function coreSeconds(): { idle: number; all: number } {
  const times = cpus().map(cpu => cpu.times);
  const idle = times.reduce((sum, time) => sum + time.idle, 0);
  const all = times.reduce((sum, { user, nice, sys, idle: none, irq }) => sum + user + nice + sys + none + irq, 0);
  return { idle: idle / 1000, all: all / 1000 };
}

function report(count: number, { lags, puts, segments, cpu, idle }: Measured, violations: number): void {
  const ms = (q: number): string => `${Math.round(quantile(lags, q))} ms`;
  const due = Math.floor((count * SECONDS) / SEGMENT_SECONDS);
  const figures = [
    ['segment closed to listed, p50 / p95 / p99', `${ms(0.5)} / ${ms(0.95)} / ${ms(0.99)}`],
    ['segments listed, of those due', `${lags.length} of ${due}`],
    ['PUTs, segments among them', `${puts}, ${segments}`],
    ["the worker's own CPU per PUT, all its work included", `${((cpu / puts) * 1000).toFixed(1)} ms`],
    ['cores idle meanwhile', `${Math.round(idle * 100)} % of ${cpus().length}`],
    ["violations in the first stream's playlist", String(violations)],
  ];
  console.log(`\n${count} stream(s) of 64x36, ${SEGMENT_SECONDS} s segments, ${SECONDS} s`);
  for (const [what = '', figure = ''] of figures) console.log(`  ${what.padEnd(56)} ${figure}`);
}
