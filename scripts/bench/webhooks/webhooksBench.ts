import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Cluster, startCluster } from '../../e2e/harness/cluster.ts';
import { cpuSeconds } from '../cpuSeconds.ts';
import { median, quantile } from '../quantile.ts';
import { StopTimer } from './stopTimer.ts';

const STREAMS = 300;
const kinds = ['none', 'dead'] as const;
type Kind = (typeof kinds)[number];

/**
 * From a stop call to the STOPPED webhook at a healthy receiver, in two clusters: beside 300 streams without webhooks, and beside 300 with
 * ten dead receivers each (the same ten, or with `--distinct` 3,000 on as many loopback addresses). The two take turns with each stop, so
 * that what else the machine does meets both. What the dead receivers cost at rest is measured apart.
 */
export async function webhooksBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      stops: { type: 'string', default: '100' },
      settle: { type: 'string', default: '5' },
      distinct: { type: 'boolean', default: false },
    },
  });
  const child = fork(fileURLToPath(new URL('./deadReceivers.ts', import.meta.url)));
  const [dead] = (await once(child, 'message')) as [string[]];
  const clusters = {
    none: await startBeside(() => []),
    dead: await startBeside(i => (values.distinct ? distinctOf(i) : dead)),
  };
  try {
    await reportRest(clusters, Number(values.settle));
    await compare(clusters, Number(values.rounds), Number(values.stops));
  } finally {
    for (const { cluster, timer } of Object.values(clusters)) {
      await timer.close();
      await cluster.stop();
    }
    child.disconnect();
  }
}

/** Nobody listens on port 1 of any loopback address (127.0.0.0/8 on Linux). */
const distinctOf = (stream: number): string[] =>
  Array.from({ length: 10 }, (_, i) => `http://127.${1 + i}.${Math.floor(stream / 250)}.${1 + (stream % 250)}:1/hook`);

interface Beside {
  cluster: Cluster;
  timer: StopTimer;
}

async function startBeside(receiversOf: (stream: number) => string[]): Promise<Beside> {
  // The only slot is taken, so that no worker holds the others and a stop is the API's alone.
  const cluster = await startCluster({ storage: 'file', env: { WORKER_STREAMS: '1', LOG_LEVEL: 'info' } });
  await cluster.client.start('slot');
  await cluster.client.inState('slot', 'READY');
  const timer = await StopTimer.start(cluster);
  for (let i = 0; i < 50; i += 1) await timer.time(`warm-${i}`);
  for (let i = 0; i < STREAMS; i += 1) await cluster.client.start(`beside-${i}`, { webhook_urls: receiversOf(i) });
  return { cluster, timer };
}

async function reportRest(clusters: Record<Kind, Beside>, seconds: number): Promise<void> {
  const cpu = () =>
    kinds.map(kind => [clusters[kind].cluster.workers[0]?.pid ?? 0, clusters[kind].cluster.redis.pid].map(cpuSeconds));
  const before = cpu();
  await sleep(seconds * 1_000);
  for (const [i, [worker = 0, redis = 0]] of cpu().entries()) {
    const share = (now: number, then = 0): string => `${((100 * (now - then)) / seconds).toFixed(1)} %`;
    console.log(
      `at rest, ${kinds[i]}: worker ${share(worker, before[i]?.[0])} of a core, Redis ${share(redis, before[i]?.[1])}`,
    );
  }
}

async function compare(clusters: Record<Kind, Beside>, rounds: number, stops: number): Promise<void> {
  const all: Record<Kind, number[][]> = { none: [], dead: [] };
  console.log('stop call to STOPPED webhook (ms)    p50 none   p50 dead   p95 none   p95 dead');
  for (let round = 0; round < rounds; round += 1) {
    const times: Record<Kind, number[]> = { none: [], dead: [] };
    for (let i = 0; i < stops; i += 1)
      for (const kind of i % 2 === 0 ? kinds : kinds.toReversed())
        times[kind].push(await clusters[kind].timer.time(`stop-${round}-${i}`));
    for (const kind of kinds) all[kind].push(times[kind]);
    row(`round ${round + 1}`, (kind, share) => quantile(times[kind], share));
  }
  row('medians of the rounds', (kind, share) => median(all[kind].map(times => quantile(times, share))));
  row(`all ${rounds * stops} stops`, (kind, share) => quantile(all[kind].flat(), share));
}

function row(name: string, of: (kind: Kind, share: number) => number): void {
  const cells = [0.5, 0.95].map(share => kinds.map(kind => of(kind, share)));
  const change = cells.map(([none = 0, dead = 0]) => `${(100 * (dead / none - 1)).toFixed(0)} %`).join(', ');
  console.log(
    `${name.padEnd(34)}${cells
      .flat()
      .map(cell => cell.toFixed(1).padStart(11))
      .join('')}   (${change})`,
  );
}
