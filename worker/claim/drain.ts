import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { keys } from '../../common/redis/keys.ts';
import type { StreamJob } from '../../common/redis/queues.ts';
import type { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import { takesStreams } from '../../common/workers/workerStatus.ts';
import { planMoves } from './planMoves.ts';
import type { StreamConsumer } from './streamConsumer.ts';

const PERIOD_MS = 1_000;
/**
 * After one drained worker of the cluster has chosen streams that move, no other one chooses for so long (ms): the streams are
 * taken meanwhile, and the workers that took them have sent a heartbeat, so the room that they filled is not given away twice.
 */
const PAUSE_MS = 5_000;

const NO_ROOM = 'no other worker has room';
const OTHERS_WAIT = 'streams that wait for a worker come first';

/**
 * What an operator wants of this worker. While it is drained it takes no stream, and those that it has are handed over to workers
 * that have room. A stream that fits nowhere stays, and goes on here.
 */
export class Drain {
  readonly #consumer: StreamConsumer;
  readonly #registry: WorkerRegistry;
  readonly #queue: Queue<StreamJob>;
  readonly #redis: Redis;
  readonly #self: { id: string; node: string };
  readonly #log: Logger;
  #isDrained: boolean | undefined;
  #staying: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(deps: {
    consumer: StreamConsumer;
    registry: WorkerRegistry;
    queue: Queue<StreamJob>;
    /** Role `request`. */
    redis: Redis;
    self: { id: string; node: string };
    log: Logger;
  }) {
    this.#consumer = deps.consumer;
    this.#registry = deps.registry;
    this.#queue = deps.queue;
    this.#redis = deps.redis;
    this.#self = deps.self;
    this.#log = deps.log;
  }

  /** Before the consumer starts. A worker of a drained node must not take a stream in its first moment. */
  start(): void {
    void this.#consumer.hold('unasked');
    this.#timer = setInterval(() => {
      if (!this.#isDrained) return;
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    }, PERIOD_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Why streams stay here although the worker is drained; undefined: it is not, or they move. */
  get staying(): string | undefined {
    return this.#staying;
  }

  /** What Redis has answered to a heartbeat. While Redis is away the last answer holds. */
  note(isDrained: boolean): void {
    if (isDrained === this.#isDrained) return;
    const before = this.#isDrained;
    this.#isDrained = isDrained;
    this.#staying = undefined;
    if (isDrained) {
      this.#log.info(
        { streams: this.#consumer.streams },
        'drained by an operator: takes no new streams; its streams move',
      );
      void this.#consumer.hold('drained');
    } else if (before) this.#log.info('no longer drained: takes new streams');
    if (!isDrained) void this.#consumer.release('drained');
    void this.#consumer.release('unasked');
  }

  async #look(): Promise<void> {
    try {
      await this.#moveSome();
    } catch (error) {
      this.#log.debug({ err: error }, 'streams of a drained worker not moved; retry follows');
    }
  }

  async #moveSome(): Promise<void> {
    const streams = this.#consumer.sessions;
    if (streams.length === 0) {
      this.#staying = undefined;
      return;
    }
    const others = (await this.#registry.list()).filter(({ id }) => id !== this.#self.id);
    // One that was drained with this one would take what is handed over, and hand it over again.
    if (others.some(({ isUnaware }) => isUnaware)) return;
    if (!others.some(takesStreams)) return this.#noteStaying(streams.length, NO_ROOM);
    // What waits has the first right to any room.
    if ((await this.#queue.getWaitingCount()) > 0) return this.#noteStaying(streams.length, OTHERS_WAIT);
    if (!(await this.#mayChoose())) return;
    const moves = planMoves(streams, others, this.#self.node);
    if (!this.#isDrained) return;
    this.#noteStaying(streams.length - moves.length, NO_ROOM);
    const moving = new Map(moves.map(({ run, how }) => [run, how]));
    for (const { streamId, run } of streams) {
      const how = moving.get(run);
      if (how) this.#log.info({ streamId, run, how }, 'stream handed over: the worker is drained');
    }
    await Promise.all(moves.map(({ run, how }) => this.#consumer.handOver(run, how)));
  }

  async #mayChoose(): Promise<boolean> {
    return (await this.#redis.set(keys.moves, this.#self.id, 'PX', PAUSE_MS, 'NX')) !== null;
  }

  #noteStaying(count: number, why: string): void {
    const staying = count === 0 ? undefined : `${count} ${count === 1 ? 'stream stays' : 'streams stay'}: ${why}`;
    if (staying !== undefined && staying !== this.#staying)
      this.#log.warn({ reason: staying }, 'drained, but not empty');
    this.#staying = staying;
  }
}
