import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { findQueues } from '../../common/redis/findQueues.ts';
import { keys } from '../../common/redis/keys.ts';
import { LeaderElection } from '../../common/redis/leaderElection.ts';
import { queueNames, type UploadJob } from '../../common/redis/queues.ts';
import type { WorkerRegistry } from '../../common/workers/workerRegistry.ts';

const PERIOD_MS = 600_000;
const LEADER_MS = 2 * PERIOD_MS;
const GONE_MS = 86_400_000;
const NAMED_STREAMS = 20;

/**
 * Removes the upload queues of nodes without a live worker for a day: no other node has their files. What was lost is
 * logged. A node that comes back later still stores what is in its spool. One worker of the cluster does this at a time.
 */
export class GoneNodes {
  readonly #redis: Redis;
  readonly #connection: Redis;
  readonly #registry: WorkerRegistry;
  readonly #election: LeaderElection;
  readonly #goneMs: number;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  /** @param options.connection BullMQ's; stays the caller's. `redis` is a fail-fast one */
  constructor(options: {
    redis: Redis;
    connection: Redis;
    registry: WorkerRegistry;
    /** Default: a day. */
    goneMs?: number;
    log: Logger;
  }) {
    this.#redis = options.redis;
    this.#connection = options.connection;
    this.#registry = options.registry;
    this.#election = new LeaderElection({ redis: options.redis, key: keys.goneNodes, ttlMs: LEADER_MS });
    this.#goneMs = options.goneMs ?? GONE_MS;
    this.#log = options.log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), PERIOD_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Resolves to the nodes whose queues were removed. */
  async remove(): Promise<string[]> {
    const removed: string[] = [];
    for (const node of await this.#nodesWithQueue()) {
      // A queue of a node that was never noted (Redis lost its data) begins its day now.
      const now = Number((await this.#redis.time())[0]) * 1_000;
      await this.#redis.zadd(keys.nodes, 'NX', now, node);
      const seenAt = Number(await this.#redis.zscore(keys.nodes, node));
      if (now - seenAt < this.#goneMs || (await this.#isAlive(node))) continue;
      await this.#removeQueue(node, seenAt);
      await this.#redis.zrem(keys.nodes, node);
      removed.push(node);
    }
    return removed;
  }

  async #look(): Promise<void> {
    try {
      if (await this.#election.lead()) await this.remove();
    } catch (error) {
      this.#log.debug({ err: error }, 'queues of gone nodes not checked; retry follows');
    }
  }

  async #isAlive(node: string): Promise<boolean> {
    return (await this.#registry.list()).some(worker => worker.node === node);
  }

  async #removeQueue(node: string, seenAt: number): Promise<void> {
    const queue = new Queue<UploadJob>(queueNames.uploads(node), {
      connection: this.#connection,
      skipMetasUpdate: true,
    });
    queue.on('error', error =>
      this.#log.debug({ err: error, goneNode: node }, 'connection of the queue of a gone node failed'),
    );
    try {
      const lost = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized', 'failed');
      const jobs = await queue.getJobs(['waiting', 'active', 'delayed', 'prioritized', 'failed'], 0, 999);
      const streams = [...new Set(jobs.map(job => job.data.streamId))].slice(0, NAMED_STREAMS);
      await queue.obliterate({ force: true });
      const seen = new Date(seenAt).toISOString();
      const total = Object.values(lost).reduce((sum, count) => sum + count, 0);
      const text = 'upload queue of a gone node removed; its segments are lost unless its disk comes back';
      this.#log[total > 0 ? 'error' : 'info']({ node, seen, lost, streams }, text);
    } finally {
      await queue.close();
    }
  }

  async #nodesWithQueue(): Promise<Set<string>> {
    const head = queueNames.uploads('');
    const found = await findQueues(this.#redis, head);
    return new Set([...found].map(name => name.slice(head.length)));
  }
}
