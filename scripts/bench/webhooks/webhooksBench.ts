import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { startCluster } from '../../e2e/harness/cluster.ts';
import { cpuSeconds } from '../cpuSeconds.ts';
import { median, quantile } from '../quantile.ts';
import { timeStops } from './timeStops.ts';

interface Round {
  p50: number;
  p95: number;
  /** For each stream: CPU (ms) of the worker and of Redis, and Redis's commands. */
  worker: number;
  redis: number;
  commands: number;
}

/**
 * From a stop call to the STOPPED webhook at a healthy receiver, one stream after the other: beside 300 streams without webhooks, and
 * beside 300 streams with ten dead receivers each. Rounds alternate, each in a cluster of its own.
 */
export async function webhooksBench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      streams: { type: 'string', default: '300' },
      healthy: { type: 'string', default: '100' },
      settle: { type: 'string', default: '5' },
    },
  });
  const [rounds, streams, healthy, settle] = [values.rounds, values.streams, values.healthy, values.settle].map(Number);
  const child = fork(fileURLToPath(new URL('./deadReceivers.ts', import.meta.url)));
  const [dead] = (await once(child, 'message')) as [string[]];
  const options = { streams: streams ?? 0, healthy: healthy ?? 0, settle: settle ?? 0 };
  const results: Record<'none' | 'dead', Round[]> = { none: [], dead: [] };
  console.log('beside 300 streams with dead receivers     p50 ms    p95 ms worker ms  Redis ms  commands');
  for (let i = 0; i < (rounds ?? 0); i += 1) {
    // Who begins alternates too.
    for (const kind of i % 2 === 0 ? (['none', 'dead'] as const) : (['dead', 'none'] as const)) {
      const round = await run(kind === 'dead' ? dead : [], options);
      results[kind].push(round);
      report(kind, round);
    }
  }
  child.disconnect();
  for (const figure of ['p50', 'p95', 'worker', 'redis', 'commands'] as const) {
    const of = (kind: keyof typeof results): number => median(results[kind].map(round => round[figure]));
    const change = `${(100 * (of('dead') / of('none') - 1)).toFixed(0)} %`;
    console.log(`medians of ${figure}: ${of('none').toFixed(1)} → ${of('dead').toFixed(1)} (${change})`);
  }
}

async function run(
  webhook_urls: readonly string[],
  options: { streams: number; healthy: number; settle: number },
): Promise<Round> {
  // The only slot is taken, so that no worker holds the others and a stop is the API's alone.
  const cluster = await startCluster({ storage: 'file', env: { WORKER_STREAMS: '1', LOG_LEVEL: 'info' } });
  const redis = new Redis(cluster.redis.url);
  try {
    await cluster.client.start('slot');
    await cluster.client.inState('slot', 'READY');
    await timeStops(cluster, 'warm', 50);
    for (let i = 0; i < options.streams; i += 1)
      await cluster.client.start(`beside-${i}`, { webhook_urls: [...webhook_urls] });
    await sleep(options.settle * 1_000);
    const pids = { worker: cluster.workers[0]?.pid ?? 0, redis: cluster.redis.pid };
    const before = { worker: cpuSeconds(pids.worker), redis: cpuSeconds(pids.redis), commands: await commands(redis) };
    const times = await timeStops(cluster, 'healthy', options.healthy);
    const each = (all: number): number => all / options.healthy;
    return {
      ...{ p50: quantile(times, 0.5), p95: quantile(times, 0.95) },
      worker: each(1_000 * (cpuSeconds(pids.worker) - before.worker)),
      redis: each(1_000 * (cpuSeconds(pids.redis) - before.redis)),
      commands: each((await commands(redis)) - before.commands),
    };
  } finally {
    redis.disconnect();
    await cluster.stop();
  }
}

const commands = async (redis: Redis): Promise<number> =>
  Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);

function report(kind: string, { p50, p95, worker, redis, commands }: Round): void {
  const cells = [...[p50, p95, worker, redis].map(value => value.toFixed(1)), commands.toFixed(0)];
  console.log(`${kind.padEnd(39)}${cells.map(cell => cell.padStart(10)).join('')}`);
}
