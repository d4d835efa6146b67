import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { Queue } from 'bullmq';
import type { RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import { findQueues } from '../../common/redis/findQueues.ts';
import { queueNames } from '../../common/redis/queues.ts';

const REFRESH_MS = 10_000;
/** Nodes on the board; a page with more is of no use. */
const MAX_NODES = 500;
/** As NODE_ID's rule has it. */
const NODE = /^[A-Za-z0-9._-]{1,64}$/;

/** bull-board over `streams`, `webhooks`, `retention` and each node's uploads; nodes that appear or go are noticed within 10 s. */
export class QueueBoard {
  readonly #redis: Redis;
  readonly #connection: Redis;
  readonly #entries: EntryParser;
  readonly #readOnly: boolean;
  readonly #log: Logger;
  readonly #adapter: ExpressAdapter;
  readonly #queues = new Map<string, Queue>();
  readonly #board: ReturnType<typeof createBullBoard>;
  readonly #refreshNow = (): void => void this.refresh();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param deps.connection BullMQ's; stays the caller's. `redis` is a fail-fast one
   * @param deps.readOnly jobs can be seen, and neither changed, added nor removed
   */
  constructor(deps: {
    redis: Redis;
    connection: Redis;
    entries: EntryParser;
    basePath: string;
    readOnly: boolean;
    log: Logger;
  }) {
    this.#redis = deps.redis;
    this.#connection = deps.connection;
    this.#entries = deps.entries;
    this.#readOnly = deps.readOnly;
    this.#log = deps.log;
    this.#adapter = new ExpressAdapter();
    this.#adapter.setBasePath(deps.basePath);
    this.#board = createBullBoard({
      queues: [],
      // The adapter is typed by the copy of @bull-board/api that it brings along; at run time they are one.
      serverAdapter: this.#adapter,
      options: { uiConfig: { boardTitle: 'Livetran queues' } },
    });
    for (const name of [queueNames.streams, queueNames.webhooks, queueNames.retention]) this.#show(name);
  }

  /** BullMQ's own connection waits for Redis to come back; a person at a page should not. */
  get handler(): RequestHandler[] {
    const needsRedis: RequestHandler = (_request, _response, next) => {
      if (this.#redis.status !== 'ready') throw new AppError('redis_unavailable', 'Redis does not answer');
      next();
    };
    return [needsRedis, this.#adapter.getRouter() as RequestHandler];
  }

  start(): void {
    this.#redis.on('ready', this.#refreshNow);
    this.#timer ??= setInterval(this.#refreshNow, REFRESH_MS).unref();
    this.#refreshNow();
  }

  /** Shows the upload queues that exist in Redis now, and no others. */
  async refresh(): Promise<void> {
    try {
      const found = await this.#findUploadQueues();
      for (const name of found) if (!this.#queues.has(name)) this.#show(name);
      for (const name of this.#queues.keys()) {
        if (name.startsWith(queueNames.uploads('')) && !found.has(name)) await this.#hide(name);
      }
    } catch (error) {
      this.#log.debug({ err: error }, 'upload queues not listed; /admin/queues shows the ones it already has');
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#redis.off('ready', this.#refreshNow);
    await Promise.all([...this.#queues.values()].map(queue => queue.close()));
  }

  async #findUploadQueues(): Promise<Set<string>> {
    const found = await findQueues(this.#redis, queueNames.uploads(''), MAX_NODES);
    return new Set([...found].filter(name => this.#isValid(name)));
  }

  /** BullMQ throws at a name that no queue can have. */
  #isValid(name: string): boolean {
    if (NODE.test(name.slice(queueNames.uploads('').length))) return true;
    this.#entries.skip('queue name', name, new Error('no node has such a name'));
    return false;
  }

  #show(name: string): void {
    // An onlooker: it must not write the meta key by which the queue of a node is found to exist.
    const queue = new Queue(name, { connection: this.#connection, skipMetasUpdate: true });
    queue.on('error', error => this.#log.debug({ err: error, queue: name }, 'queue connection failed; it reconnects'));
    this.#queues.set(name, queue);
    this.#board.addQueue(new BullMQAdapter(queue, { readOnlyMode: this.#readOnly }));
  }

  async #hide(name: string): Promise<void> {
    this.#board.removeQueue(name);
    const queue = this.#queues.get(name);
    this.#queues.delete(name);
    await queue?.close();
  }
}
