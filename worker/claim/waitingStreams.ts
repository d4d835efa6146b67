import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { keys, RECORD_TTL_SECONDS } from '../../common/redis/keys.ts';
import { LeaderElection } from '../../common/redis/leaderElection.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import type { StreamJob } from '../../common/redis/queues.ts';
import type { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import { takesStreams, type WorkerStatus } from '../../common/workers/workerStatus.ts';

const PERIOD_MS = 1_000;
const LEADER_MS = 3 * PERIOD_MS;
/** Records that one call scans, about: a few milliseconds of Redis's time when all of them get an event. */
const AT_A_TIME = 100;

/**
 * Streams that wait for a worker: reports to each why it waits, when no worker has room, and stops those that have waited for
 * START_TIMEOUT_SECONDS for their first worker. One worker of the cluster does this at a time. While nothing waits that is two
 * commands a second for the whole cluster; while something does, all live streams are scanned.
 */
export class WaitingStreams {
  readonly #redis: Redis;
  readonly #queue: Queue<StreamJob>;
  readonly #registry: WorkerRegistry;
  readonly #election: LeaderElection;
  readonly #timeoutMs: number;
  readonly #log: Logger;
  readonly #script = new LuaScript(new URL('./lua/waiting-streams.lua', import.meta.url));
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  /** @param deps.redis role `request`; `timeoutMs` START_TIMEOUT_SECONDS */
  constructor(deps: {
    redis: Redis;
    queue: Queue<StreamJob>;
    registry: WorkerRegistry;
    timeoutMs: number;
    log: Logger;
  }) {
    this.#redis = deps.redis;
    this.#queue = deps.queue;
    this.#registry = deps.registry;
    this.#timeoutMs = deps.timeoutMs;
    this.#election = new LeaderElection({ redis: deps.redis, key: keys.waiting, ttlMs: LEADER_MS });
    this.#log = deps.log;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking ??= this.look().finally(() => {
        this.#looking = undefined;
      });
    }, PERIOD_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Never rejects. */
  async look(): Promise<void> {
    try {
      if (!(await this.#election.lead())) return;
      if ((await this.#queue.getWaitingCount()) === 0) return;
      const workers = await this.#registry.list();
      const full = workers.length > 0 && !workers.some(takesStreams);
      await this.#scan(full ? `waiting: no capacity (${counts(workers)})` : '');
    } catch (error) {
      this.#log.debug({ err: error }, 'waiting streams not checked; retry follows');
    }
  }

  /** @param why they wait; '' when a worker is about to take them, or none is alive */
  async #scan(why: string): Promise<void> {
    const over = `No worker took the stream within ${this.#timeoutMs / 1000} s; add workers, or raise WORKER_STREAMS`;
    let cursor = '0';
    do {
      const args = [cursor, AT_A_TIME, keys.stream(''), why, this.#timeoutMs, over, RECORD_TTL_SECONDS];
      const [next = '0', ...found] = (await this.#script.run(this.#redis, [keys.live, keys.outbox], args)) as string[];
      for (let i = 0; i + 2 < found.length; i += 3) {
        this.#log.warn({ streamId: found[i + 1], run: found[i + 2] }, found[i] === 'stopped' ? over : why);
      }
      cursor = next;
    } while (cursor !== '0');
  }
}

function counts(workers: readonly WorkerStatus[]): string {
  const draining = workers.filter(worker => worker.draining).length;
  const busy = workers.filter(worker => !worker.draining && worker.busy !== undefined).length;
  const full = workers.length - draining - busy;
  const parts = [`${full} full`, `${busy} overloaded`, `${draining} draining`].filter(part => !part.startsWith('0 '));
  return `${workers.length} worker${workers.length === 1 ? '' : 's'}: ${parts.join(', ')}`;
}
