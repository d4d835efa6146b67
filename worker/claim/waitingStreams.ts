import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { keys } from '../../common/redis/keys.ts';
import { LeaderElection } from '../../common/redis/leaderElection.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import type { StreamJob } from '../../common/redis/queues.ts';
import type { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import { takesStreams, type WorkerStatus } from '../../common/workers/workerStatus.ts';

const PERIOD_MS = 1_000;
const LEADER_MS = 3 * PERIOD_MS;
const AT_A_TIME = 100;

/**
 * Tells streams that wait although workers are alive, why: no worker has room. One worker of the cluster looks at a time.
 * While nothing waits that is two commands a second for the whole cluster.
 */
export class WaitingStreams {
  readonly #redis: Redis;
  readonly #queue: Queue<StreamJob>;
  readonly #registry: WorkerRegistry;
  readonly #election: LeaderElection;
  readonly #log: Logger;
  readonly #note = new LuaScript(new URL('./lua/note-waiting.lua', import.meta.url));
  #timer: NodeJS.Timeout | undefined;

  /** @param deps.redis role `request` */
  constructor(deps: { redis: Redis; queue: Queue<StreamJob>; registry: WorkerRegistry; log: Logger }) {
    this.#redis = deps.redis;
    this.#queue = deps.queue;
    this.#registry = deps.registry;
    this.#election = new LeaderElection({ redis: deps.redis, key: keys.waiting, ttlMs: LEADER_MS });
    this.#log = deps.log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), PERIOD_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Never rejects. */
  async look(): Promise<void> {
    try {
      if (!(await this.#election.lead())) return;
      const jobs = await this.#queue.getWaiting(0, AT_A_TIME - 1);
      if (jobs.length === 0) return;
      const workers = await this.#registry.list();
      if (workers.length === 0 || workers.some(takesStreams)) return;
      const text = `waiting: no capacity (${counts(workers)})`;
      for (const { data } of jobs) {
        const place = [keys.stream(data.streamId), keys.outbox];
        const told = await this.#note.run(this.#redis, place, [data.streamId, data.run, text]);
        if (told === 1) this.#log.warn({ streamId: data.streamId, run: data.run }, text);
      }
    } catch (error) {
      this.#log.debug({ err: error }, 'waiting streams not told; next time');
    }
  }
}

function counts(workers: readonly WorkerStatus[]): string {
  const draining = workers.filter(worker => worker.draining).length;
  const busy = workers.filter(worker => !worker.draining && worker.busy !== undefined).length;
  const full = workers.length - draining - busy;
  const parts = [`${full} full`, `${busy} overloaded`, `${draining} draining`].filter(part => !part.startsWith('0 '));
  return `${workers.length} worker${workers.length === 1 ? '' : 's'}: ${parts.join(', ')}`;
}
