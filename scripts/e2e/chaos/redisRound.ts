import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../harness/cluster.ts';
import { waitFor } from '../harness/waitFor.ts';
import type { ChaosCluster } from './chaosCluster.ts';

/** How Redis is away. */
export type RedisFault = 'frozen' | 'restarted' | 'emptied' | 'failed over';

/**
 * Redis is away for some seconds, and comes back, or its primary dies and a replica takes its place. No stream may change its
 * owner or its FFmpeg: they could all go on. Answers with what went wrong.
 * @param seconds ignored where it fails over: the Sentinels need what they need
 */
export async function redisRound(chaos: ChaosCluster, fault: RedisFault, seconds: number): Promise<string[]> {
  const at = Date.now();
  if (fault === 'failed over') await failOver(chaos.cluster);
  else await beAway(chaos.cluster, fault, seconds);
  await chaos.allLive(60_000);
  // Longer than stalled jobs and the reconciler take: what would go wrong has gone wrong by then.
  await sleep(12_000);
  await chaos.allLive();
  return chaos.streams.flatMap(({ id }) => {
    const logged = (msg: string): number =>
      chaos.workers.reduce((sum, worker) => sum + chaos.lines(worker, id, msg, at).length, 0);
    return [
      ...(logged('lease taken') > 0 ? [`${id}: its owner changed while Redis was ${fault} for ${seconds} s`] : []),
      ...(logged('FFmpeg started') > 0 ? [`${id}: its FFmpeg was restarted while Redis was ${fault}`] : []),
    ];
  });
}

async function beAway(cluster: Cluster, fault: RedisFault, seconds: number): Promise<void> {
  if (fault === 'frozen') process.kill(cluster.redis.pid, 'SIGSTOP');
  else await cluster.redis.stop();
  // The fault itself, not a wait for something.
  await sleep(seconds * 1_000);
  if (fault === 'frozen') process.kill(cluster.redis.pid, 'SIGCONT');
  else await cluster.startRedisAgain({ losingData: fault === 'emptied' });
}

/** Prints how long API and workers were without Redis: what an operator wants to know. */
async function failOver(cluster: Cluster): Promise<void> {
  if (!cluster.sentinels) throw new Error('Redis fails over only where the cluster has Sentinels');
  const at = performance.now();
  const failed = cluster.sentinels.failOver();
  await waitFor('the API to be without Redis', async () => !(await isReady(cluster)), 30_000);
  await waitFor('the API to have Redis again', () => isReady(cluster), 60_000);
  process.stdout.write(`the API had Redis again ${((performance.now() - at) / 1_000).toFixed(1)} s after the kill\n`);
  await failed;
}

const isReady = async ({ apiUrl }: Cluster): Promise<boolean> => (await fetch(`${apiUrl}/readyz`)).ok;
