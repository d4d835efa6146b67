import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosCluster } from './chaosCluster.ts';

/** How Redis is away. */
export type RedisFault = 'frozen' | 'restarted' | 'emptied';

/**
 * Redis is away for some seconds, and comes back. No stream may change its owner or its FFmpeg: they could all go on.
 * Answers with what went wrong.
 */
export async function redisRound(chaos: ChaosCluster, fault: RedisFault, seconds: number): Promise<string[]> {
  const { cluster } = chaos;
  const at = Date.now();
  if (fault === 'frozen') process.kill(cluster.redis.pid, 'SIGSTOP');
  else await cluster.redis.stop();
  // The fault itself, not a wait for something.
  await sleep(seconds * 1_000);
  if (fault === 'frozen') process.kill(cluster.redis.pid, 'SIGCONT');
  else await cluster.startRedisAgain({ losingData: fault === 'emptied' });
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
