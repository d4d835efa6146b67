import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StreamProfile } from '../../common/stream/streamProfile.ts';
import { startCluster } from '../e2e/harness/cluster.ts';
import { livetranRun, type RunResult } from './livetranRun.ts';
import { median } from './quantile.ts';
import { makeSource, type Source } from './source.ts';

/** A whole number of the source's GOPs. */
const SECONDS = 14;

interface Comparison {
  name: string;
  size: string;
  ladder?: string;
  /** What encodes everything, and what copies the source. */
  profiles: readonly [StreamProfile, StreamProfile];
  /** The highest CPU time of the second one beside the first one's. */
  goal: number;
}

const rung = (width: number, height: number, video: number) => ({ width, height, video, audio: 128 });

const comparisons: readonly Comparison[] = [
  { name: '1080p+720p+480p', size: '1920x1080', profiles: ['ladder', 'ladder-source'], goal: 0.58 },
  {
    name: '720p+360p',
    size: '1280x720',
    ladder: JSON.stringify([rung(1280, 720, 3_000), rung(640, 360, 800)]),
    profiles: ['ladder', 'ladder-source'],
    goal: 0.45,
  },
  { name: '720p', size: '1280x720', profiles: ['transcode', 'passthrough'], goal: 0.1 },
];

/**
 * CPU time and start of the profiles that copy the source's picture, beside those that encode it.
 * @param runs of each kind, in turn, so that both see the same machine
 */
export async function profilesBench(runs: number): Promise<void> {
  const tmp = await mkdtemp(join(tmpdir(), 'livetran-bench-'));
  try {
    for (const comparison of comparisons) {
      const source = await makeSource(tmp, { size: comparison.size, seconds: SECONDS });
      report(comparison, await compare(comparison, source, runs));
    }
  } finally {
    await rm(tmp, { recursive: true, force: true });
  }
}

async function compare(comparison: Comparison, source: Source, runs: number): Promise<RunResult[][]> {
  const { profiles, ladder } = comparison;
  const cluster = await startCluster({ env: { POSTERS: 'off', ...(ladder === undefined ? {} : { LADDER: ladder }) } });
  const results: RunResult[][] = profiles.map(() => []);
  try {
    for (let i = 0; i < runs; i += 1) {
      for (const [kind, profile] of profiles.entries()) {
        results[kind]?.push(await livetranRun(cluster, `bench-${profile}-${i}`, profile, source));
      }
    }
    return results;
  } finally {
    await cluster.stop();
  }
}

function report({ name, profiles, goal }: Comparison, results: readonly RunResult[][]): void {
  console.log(`\n${name}, ${SECONDS} s of media with a key frame every 2 s, median of ${results[0]?.length}`);
  const cpu = results.map(runs => median(runs.map(run => run.cpu)));
  for (const [kind, profile] of profiles.entries()) {
    const playableMs = median((results[kind] ?? []).map(run => run.fromConnectMs ?? Number.NaN));
    const start = `playable ${Math.round(playableMs)} ms after the first packet`;
    console.log(`  ${profile.padEnd(16)} ${(cpu[kind] ?? Number.NaN).toFixed(2).padStart(7)} s of CPU   ${start}`);
  }
  console.log(`  ratio ${((cpu[1] ?? Number.NaN) / (cpu[0] ?? Number.NaN)).toFixed(2)} (goal ${goal})`);
}
