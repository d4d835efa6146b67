import { randomUUID } from 'node:crypto';
import { DelayedError, type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { queueNames, type StreamJob } from '../../common/queues.ts';
import type { LeaseScripts } from './leaseScripts.ts';
import { leaseTimes, StreamLease } from './streamLease.ts';

/** How a session ended: the run is over, another worker has it, or it is to go on elsewhere. */
export type SessionEnd = 'stopped' | 'fenced' | 'handed_over';

/** One stream's life on this worker, from the lease to its end. Never rejects. */
export interface RunningSession {
  readonly finished: Promise<SessionEnd>;
  wake(): void;
  /** Ends this worker's part; the stream is to go on elsewhere. */
  handOver(): void;
}

export type StartSession = (job: StreamJob, lease: StreamLease, acquiredAt: number) => RunningSession;

/** BullMQ settings for jobs that last hours: a silent worker's job is taken over after 6 to 10 s (a dead one's of the same
 * host sooner: deadWorkers.ts), at the cost of false stalls, which the lease and the adoption below make harmless. */
const settings = { lockDuration: 8_000, stalledInterval: 2_000, maxStalledCount: 100, drainDelay: 2 };

/** Time enough for this worker to have stopped fetching; its next owner waits no longer than that. */
const PUT_BACK_MS = 100;

/** After Redis was away leases may have run out whose owners are well: they are given this long to renew them. */
const PATIENCE_MS = 4_000;

/** Takes jobs of queue `streams`, and the lease of each before anything else happens. */
export class StreamConsumer {
  readonly #worker: Worker<StreamJob>;
  /** By run, not by stream: the next run of an id may be claimed while the last one is still cleaning up. */
  readonly #running = new Map<string, { streamId: string; session: RunningSession }>();
  readonly #scripts: LeaseScripts;
  readonly #owner: string;
  readonly #startSession: StartSession;
  readonly #log: Logger;
  #patientUntil = 0;
  #closing: Promise<void> | undefined;

  constructor(options: {
    /** BullMQ's connection, role `queue`. */
    connection: Redis;
    scripts: LeaseScripts;
    startSession: StartSession;
    /** Streams this worker runs at a time (BullMQ's `concurrency`). */
    slots: number;
    /** This process, as its leases name it. */
    process: string;
    log: Logger;
  }) {
    this.#owner = options.process;
    this.#scripts = options.scripts;
    this.#startSession = options.startSession;
    this.#log = options.log;
    this.#worker = new Worker<StreamJob>(queueNames.streams, (job, token) => this.#process(job, token), {
      connection: options.connection,
      concurrency: options.slots,
      autorun: false,
      ...settings,
    });
    options.scripts.onReady(() => {
      this.#patientUntil = performance.now() + PATIENCE_MS;
      for (const { session } of this.#running.values()) session.wake();
    });
    this.#worker.on('error', error => this.#log.debug({ err: error }, 'queue'));
  }

  start(): void {
    void this.#worker.run().catch(error => this.#log.error({ err: error }, 'queue streams stopped'));
  }

  wake(streamId: string): void {
    for (const running of this.#running.values()) if (running.streamId === streamId) running.session.wake();
  }

  /** Takes no more jobs, hands every stream over, and waits until each is off this worker. */
  stop(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    await withDeadline(this.#worker.pause(true), 2_000);
    const sessions = [...this.#running.values()].map(running => running.session);
    for (const session of sessions) session.handOver();
    await Promise.all(sessions.map(session => session.finished));
    // close() never returns while Redis is away; the process may end all the same, since the job's lock runs out.
    await withDeadline(this.#worker.close(), 3_000);
  }

  async #process(job: Job<StreamJob>, token: string | undefined): Promise<SessionEnd | 'over'> {
    // Running here already: a false stall gave the job out again. Adopt it, the session goes on untouched.
    const session = this.#running.get(job.data.run)?.session ?? (await this.#claim(job, token));
    if (!session) return 'over';
    const end = await session.finished;
    return end === 'handed_over' ? putBack(job, token, PUT_BACK_MS) : end;
  }

  /** Undefined when there is nothing to run. Throws DelayedError (BullMQ: not a failure) when another worker holds it. */
  async #claim(job: Job<StreamJob>, token: string | undefined): Promise<RunningSession | undefined> {
    const { streamId, run } = job.data;
    const acquiredAt = performance.now();
    const owner = `${this.#owner}/${randomUUID()}`;
    const patienceMs = Math.max(0, this.#patientUntil - acquiredAt);
    const acquired = await this.#scripts.acquire(streamId, run, owner, leaseTimes.ttlMs, patienceMs).catch(error => {
      this.#log.warn({ err: error, streamId, run }, 'lease not acquired; trying again');
      return { kind: 'held', msLeft: 1_000 } as const;
    });
    if (acquired.kind === 'over') return undefined;
    if (acquired.kind === 'held') return putBack(job, token, Math.min(acquired.msLeft + 50, 5_000));
    const log = this.#log.child({ streamId, run });
    const { record } = acquired;
    log.info({ fence: acquired.token, state: record.state }, 'lease taken');
    const lease = new StreamLease({
      streamId,
      token: acquired.token,
      record,
      scripts: this.#scripts,
      times: leaseTimes,
      log,
    });
    const session = this.#startSession(job.data, lease, acquiredAt);
    this.#running.set(run, { streamId, session });
    void session.finished.finally(() => this.#running.delete(run));
    return session;
  }
}

/** Gives the job back for any worker to take after `ms`. Throws DelayedError, which BullMQ does not count as a failure. */
async function putBack(job: Job, token: string | undefined, ms: number): Promise<never> {
  await job.moveToDelayed(Date.now() + ms, token);
  throw new DelayedError();
}

async function withDeadline(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}
