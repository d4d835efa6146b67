import { waitFor } from '../harness/waitFor.ts';
import type { ChaosCluster } from './chaosCluster.ts';

/** ms since the worker was frozen or cut off. */
export interface TakeOver {
  claimed: number;
  listening: number;
  /** The new owner's first segment was in the playlist. */
  listed: number;
  samePort: boolean;
}

const LIMIT_MS = 60_000;

/**
 * Makes the worker that runs most streams vanish without dying, waits until all of them are on air elsewhere, and brings it
 * back: it must notice by itself that it is fenced.
 */
export async function vanishRound(
  chaos: ChaosCluster,
  fault: { vanish(worker: ReturnType<ChaosCluster['busiest']>['worker']): void; comeBack(): void },
): Promise<TakeOver[]> {
  const { worker, streams } = chaos.busiest();
  const at = Date.now();
  fault.vanish(worker);
  try {
    await chaos.allMoved(streams, worker, at, LIMIT_MS);
  } finally {
    fault.comeBack();
  }
  for (const { id } of streams) {
    await waitFor(
      `${id}'s old owner to release it`,
      () => chaos.lines(worker, id, 'session ends', at).some(line => line.ending === 'fenced'),
      LIMIT_MS,
    );
  }
  await chaos.allLive();
  return streams.map(({ id }) => {
    const owner = chaos.ownerOf(id) ?? worker;
    const first = (msg: string): number => (chaos.lines(owner, id, msg, at)[0]?.at ?? Number.NaN) - at;
    const port = (of: typeof worker): unknown => chaos.lines(of, id, 'listener open').at(-1)?.port;
    return {
      claimed: first('lease taken'),
      listening: first('listener open'),
      listed: first('segment listed'),
      samePort: port(owner) === port(worker),
    };
  });
}

/** SIGSTOP, and SIGCONT long after its lease has run out. */
export function freezeRound(chaos: ChaosCluster): Promise<TakeOver[]> {
  const pids: number[] = [];
  return vanishRound(chaos, {
    vanish: ({ child }) => {
      pids.push(child.pid);
      child.kill('SIGSTOP');
    },
    comeBack: () => {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    },
  });
}

/** Nothing passes between it and Redis. Afterwards what waited passes, or its old connections stay dead. */
export function blackHoleRound(chaos: ChaosCluster, how: 'resume' | 'stale'): Promise<TakeOver[]> {
  const proxies: { heal(how: 'resume' | 'stale'): void }[] = [];
  return vanishRound(chaos, {
    vanish: ({ redis }) => {
      if (!redis) throw new Error('a worker that finds Redis by Sentinels cannot be cut off');
      proxies.push(redis);
      redis.blackHole();
    },
    comeBack: () => {
      for (const proxy of proxies) proxy.heal(how);
    },
  });
}
