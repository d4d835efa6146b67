import type { Redis } from 'ioredis';
import { EntryParser } from '../redis/entryParser.ts';
import { keys } from '../redis/keys.ts';
import { LuaScript } from '../redis/luaScript.ts';
import { DrainedSet, type DrainSubject } from './drainedSet.ts';
import { type ListedWorker, type WorkerStatus, workerStatus } from './workerStatus.ts';

/** A node that was not seen for so long is forgotten, whatever became of its queue (30 days). */
const NODES_TTL_SECONDS = 2_592_000;

/** A host that runs workers, or did so within 30 days. */
export interface NodeStatus {
  node: string;
  /** ms since 1970; undefined: no worker of it was seen for 30 days. */
  seenAt: number | undefined;
  /** An operator has drained it. */
  draining: boolean;
}

/** Which workers are alive: each sends a heartbeat every few seconds. All times are Redis's, so that no host's clock matters. */
export class WorkerRegistry {
  readonly #redis: Redis;
  readonly #entries: EntryParser;
  readonly #drained: DrainedSet;
  readonly #beat = new LuaScript(new URL('./lua/heartbeat.lua', import.meta.url));
  readonly #living = new LuaScript(new URL('./lua/living-workers.lua', import.meta.url));

  constructor(redis: Redis, entries = new EntryParser()) {
    this.#redis = redis;
    this.#entries = entries;
    this.#drained = new DrainedSet(redis);
  }

  /** Resolves to whether an operator has drained the worker or its node. */
  async heartbeat(status: WorkerStatus, ttlMs: number): Promise<boolean> {
    const answer = await this.#beat.run(
      this.#redis,
      [keys.workers, keys.worker(status.id), keys.nodes, keys.drainedWorkers, keys.drainedNodes],
      [status.id, status.node, JSON.stringify(status), ttlMs, NODES_TTL_SECONDS, DrainedSet.silenceMs],
    );
    return answer === 1;
  }

  async leave(id: string): Promise<void> {
    await this.#redis.multi().zrem(keys.workers, id).del(keys.worker(id)).zrem(keys.drainedWorkers, id).exec();
  }

  /** What a living worker says of itself; undefined: it is gone, or its status does not parse. */
  async find(id: string): Promise<WorkerStatus | undefined> {
    const text = await this.#redis.get(keys.worker(id));
    if (text === null) return undefined;
    return this.#entries.parse('worker status', id, () => workerStatus.parse(JSON.parse(text)));
  }

  /** All living workers, oldest first. A status that does not parse is left out. */
  async list(): Promise<ListedWorker[]> {
    const ids = (await this.#living.run(this.#redis, [keys.workers], [])) as string[];
    if (ids.length === 0) return [];
    const [texts, drained] = await Promise.all([this.#redis.mget(ids.map(keys.worker)), this.#drained.read()]);
    return texts
      .flatMap((text, i) => {
        if (text === null) return [];
        return this.#entries.parse('worker status', ids[i] ?? '', () => workerStatus.parse(JSON.parse(text))) ?? [];
      })
      .map(status => {
        const isDrained = status.draining && status.streams === 0;
        if (!drained.workers.has(status.id) && !drained.nodes.has(status.node)) {
          return { ...status, isDrained };
        }
        // A worker reads it with its next heartbeat.
        const drainedBy = drained.nodes.has(status.node) ? ('node' as const) : ('worker' as const);
        return {
          ...status,
          draining: true,
          drainedBy,
          isDrained,
          ...(!status.draining && { isUnaware: true as const }),
        };
      })
      .sort((a, b) => a.since - b.since || a.id.localeCompare(b.id));
  }

  /** All nodes that are known, by name. */
  async nodes(): Promise<NodeStatus[]> {
    const [pairs, drained] = await Promise.all([
      this.#redis.zrange(keys.nodes, 0, '-1', 'WITHSCORES'),
      this.#drained.read(),
    ]);
    const seen = new Map<string, number>();
    for (let i = 0; i + 1 < pairs.length; i += 2) seen.set(pairs[i] ?? '', Number(pairs[i + 1]));
    return [...new Set([...seen.keys(), ...drained.nodes])]
      .sort()
      .map(node => ({ node, seenAt: seen.get(node), draining: drained.nodes.has(node) }));
  }

  /**
   * Drains a worker or a node, or ends that. A worker reads it with its next heartbeat. It holds for a node until it is
   * ended, for a worker as long as the worker lives.
   */
  setDrained(subject: DrainSubject, isDrained: boolean): Promise<void> {
    return this.#drained.set(subject, isDrained);
  }
}
