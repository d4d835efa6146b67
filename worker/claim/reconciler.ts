import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { keys } from '../../common/redis/keys.ts';
import { LeaderElection } from '../../common/redis/leaderElection.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import { type StreamJob, streamJobId } from '../../common/redis/queues.ts';

const PERIOD_MS = 5_000;
/** Little longer than a period: a leader that died is replaced after 6 to 11 s. */
const LEADER_MS = 6_000;
/** A run without an owner for this long may never have got its job (the API died between record and job). */
const GRACE_MS = 15_000;
/** After its lease ran out. One that has its job is left alone, so this costs nothing but a look. */
const LEASE_GRACE_MS = 1_000;
/** Records that one call scans: less than a millisecond of Redis's time. */
const AT_A_TIME = 500;

/** Gives a job back to every live run that has neither an owner nor a job. One worker of the cluster does this at a time. */
export class Reconciler {
  readonly #redis: Redis;
  readonly #idle = new LuaScript(new URL('./lua/idle-streams.lua', import.meta.url));
  readonly #queue: Queue<StreamJob>;
  readonly #election: LeaderElection;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: { redis: Redis; queue: Queue<StreamJob>; log: Logger }) {
    this.#redis = deps.redis;
    this.#queue = deps.queue;
    this.#election = new LeaderElection({ redis: deps.redis, key: keys.reconcile, ttlMs: LEADER_MS });
    this.#log = deps.log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), PERIOD_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      if (!(await this.#election.lead())) return;
      for await (const stream of this.#idleStreams()) await this.#requeue(stream);
    } catch (error) {
      this.#log.debug({ err: error }, 'streams not reconciled with their jobs; retry follows');
    }
  }

  async *#idleStreams(): AsyncGenerator<StreamJob> {
    let cursor = '0';
    do {
      const args = [cursor, AT_A_TIME, GRACE_MS, LEASE_GRACE_MS, keys.stream('')];
      const [next = '0', ...found] = (await this.#idle.run(this.#redis, [keys.live], args)) as string[];
      for (let i = 0; i + 1 < found.length; i += 2) yield { streamId: found[i] ?? '', run: found[i + 1] ?? '' };
      cursor = next;
    } while (cursor !== '0');
  }

  async #requeue({ streamId, run }: StreamJob): Promise<void> {
    const jobId = streamJobId(streamId, run);
    const job = await this.#queue.getJob(jobId);
    const state = await job?.getState();
    if (job && state !== 'completed' && state !== 'failed') return;
    await job?.remove();
    await this.#queue.add('stream', { streamId, run }, { jobId });
    this.#log.warn({ streamId, run, state }, 'stream had no job; a new job is queued');
  }
}
