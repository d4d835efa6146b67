import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StreamProfile, streamProfile } from '../../../common/stream/streamProfile.ts';
import { type Cluster, startCluster } from '../../e2e/harness/cluster.ts';
import { cpuSeconds } from '../cpuSeconds.ts';
import { livetranRun } from '../livetranRun.ts';
import { makeSource, type Source } from '../source.ts';
import { costSettings } from './costSettings.ts';

const IDLE_SECONDS = 5;
/** One stream that is passed on costs too little to be measured alone. */
const STREAMS: Readonly<Record<StreamProfile, number>> = {
  transcode: 1,
  passthrough: 10,
  ladder: 1,
  'ladder-source': 1,
};

export interface HostBenchOptions {
  /** Of the source: `<width>x<height>`, frames a second, kbit/s, seconds. */
  size: string;
  rate: number;
  kbps: number;
  seconds: number;
}

/**
 * What a stream of each profile costs on this host, and the settings that fit: PROFILE_COSTS and WORKER_STREAMS. With the
 * environment's LADDER, SINGLE, VIDEO_ENCODER and VIDEO_PRESET. `npm run bench -- host` and `livetran bench-host` run it.
 * @param print takes a line of the result
 */
export async function hostBench(
  { size, rate, kbps, seconds }: HostBenchOptions,
  print: (line: string) => void,
): Promise<{ cores: Record<StreamProfile, number>; settings: ReturnType<typeof costSettings> }> {
  const tmp = await mkdtemp(join(tmpdir(), 'livetran-bench-'));
  const cluster = await startCluster({ env: { ...givenSettings(), POSTERS: 'off', WORKER_STREAMS: '100' } });
  try {
    const source = await makeSource(tmp, { size, rate, kbps, seconds });
    const cores = await measureProfiles(cluster, source);
    const hostCores = availableParallelism();
    const settings = costSettings(cores, hostCores);
    const model = cpus()[0]?.model ?? 'unknown';
    print(`Cores that a stream of ${size} at ${rate} fps and ${kbps} kb/s takes, of ${hostCores} (${model})`);
    for (const [profile, value] of Object.entries(cores)) print(`  ${profile.padEnd(16)} ${value.toFixed(4)}`);
    print('Settings for this host');
    for (const [name, value] of Object.entries(settings)) print(`  ${name}=${value}`);
    return { cores, settings };
  } finally {
    await cluster.stop();
    await rm(tmp, { recursive: true, force: true });
  }
}

const givenSettings = (): Record<string, string> =>
  Object.fromEntries(
    ['LADDER', 'SINGLE', 'VIDEO_ENCODER', 'VIDEO_PRESET', 'ENCODER_THREADS'].flatMap(name => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

async function measureProfiles(cluster: Cluster, source: Source): Promise<Record<StreamProfile, number>> {
  const [worker] = cluster.workers;
  if (!worker) throw new Error('the bench needs a worker');
  const before = cpuSeconds(worker.pid);
  await sleep(IDLE_SECONDS * 1000);
  const idleCores = (cpuSeconds(worker.pid) - before) / IDLE_SECONDS;
  const cores = new Map<StreamProfile, number>();
  for (const profile of streamProfile.options) {
    // Code that runs for the first time is slow: the first stream does not count.
    await livetranRun(cluster, `warm-${profile}`, profile, source);
    const [cpu, at] = [cpuSeconds(worker.pid), performance.now()];
    const ids = Array.from({ length: STREAMS[profile] }, (_, i) => `bench-${profile}-${i}`);
    await Promise.all(ids.map(id => livetranRun(cluster, id, profile, source)));
    const idle = (idleCores * (performance.now() - at)) / 1000;
    cores.set(profile, (cpuSeconds(worker.pid) - cpu - idle) / (ids.length * source.seconds));
  }
  return Object.fromEntries(cores) as Record<StreamProfile, number>;
}
