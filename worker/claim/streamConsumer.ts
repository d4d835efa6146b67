import { randomUUID } from 'node:crypto';
import { DelayedError, type Job, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { defaultProfileCosts, type ProfileCosts } from '../../common/config/profileCosts.ts';
import type { Logger } from '../../common/createLogger.ts';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { parseJob } from '../../common/redis/parseJob.ts';
import { jobSchemas, queueNames, type StreamJob } from '../../common/redis/queues.ts';
import { profileOf } from '../../common/stream/streamProfile.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import { isForItsNode } from './isForItsNode.ts';
import type { HandOver, LeaseScripts, Taken } from './leaseScripts.ts';
import type { RunningSession, SessionEnd, StartSession } from './runningSession.ts';
import { Slots } from './slots.ts';
import { leaseTimes, StreamLease } from './streamLease.ts';

/** BullMQ settings for jobs that last hours: a silent worker's job is taken over after 6 to 10 s (a dead one's of the same
 * host sooner: deadWorkers.ts), at the cost of false stalls, which the lease and the adoption below make harmless. */
const settings = { lockDuration: 8_000, stalledInterval: 2_000, maxStalledCount: 100, drainDelay: 2 };

/** How long a stream that is for another node's workers is left alone at a time. */
const HOME_AGAIN_MS = 250;

/** After Redis was away leases may have run out whose owners are well: they are given this long to renew them. */
const PATIENCE_MS = 4_000;

/** A job that did not fit is first in the queue again, for the other workers. This one asks for it again after so long. */
const NO_ROOM_MS = 500;

const UNANSWERED = { kind: 'held', msLeft: 1_000 } as const;

/**
 * Why no jobs are taken for now: the worker does not know yet whether it is drained, an operator has drained it, it has no room,
 * or it is about to end.
 */
export type Hold = 'unasked' | 'drained' | 'capacity' | 'ending';

/** Takes jobs of queue `streams`, and the lease of each before anything else happens. */
export class StreamConsumer {
  readonly #worker: Worker<StreamJob>;
  /** By run, not by stream: the next run of an id may be claimed while the last one is still cleaning up. */
  readonly #running = new Map<string, { streamId: string; session: RunningSession }>();
  readonly #scripts: LeaseScripts;
  readonly #owner: string;
  readonly #startSession: StartSession;
  readonly #onOffAir: () => Promise<void>;
  readonly #onTaken: (job: StreamJob, lease: Taken) => void;
  readonly #log: Logger;
  readonly #entries: EntryParser;
  /** By run: claims whose answer was lost. Asked again under the same name, Redis answers the same. */
  readonly #unanswered = new Map<string, string>();
  readonly #node: string;
  readonly #slots: Slots;
  /** Jobs here whose session runs; a false stall adds one more for the same session. */
  #jobs = 0;
  /** When a job last went back because it did not fit (performance.now()). */
  #refusedAt = Number.NEGATIVE_INFINITY;
  #again: NodeJS.Timeout | undefined;
  #patientUntil = 0;
  readonly #holds = new Set<Hold>();
  #failing = false;
  #closing: Promise<void> | undefined;

  constructor(options: {
    /** BullMQ's connection, role `queue`. */
    connection: Redis;
    scripts: LeaseScripts;
    startSession: StartSession;
    node: string;
    /** WORKER_STREAMS: streams of cost 1 that this worker runs at a time. */
    slots: number;
    /** PROFILE_COSTS. */
    costs?: ProfileCosts;
    /** This process, as its leases name it. */
    process: string;
    /** Called at the end, when no session has an SRT listener any more, before their uploads have ended. */
    onOffAir: () => Promise<void>;
    /** Called for each lease that this worker takes. */
    onTaken?: (job: StreamJob, lease: Taken) => void;
    entries?: EntryParser;
    log: Logger;
  }) {
    this.#owner = options.process;
    this.#onOffAir = options.onOffAir;
    this.#onTaken = options.onTaken ?? (() => undefined);
    this.#node = options.node;
    this.#slots = new Slots(options.slots, options.costs ?? defaultProfileCosts);
    this.#scripts = options.scripts;
    this.#startSession = options.startSession;
    this.#log = options.log;
    this.#entries = options.entries ?? new EntryParser({ log: options.log });
    this.#worker = new Worker<StreamJob>(queueNames.streams, (job, token) => this.#process(job, token), {
      connection: options.connection,
      concurrency: 1,
      autorun: false,
      ...settings,
    });
    options.scripts.onReady(() => {
      this.#patientUntil = performance.now() + PATIENCE_MS;
      for (const { session } of this.#running.values()) session.wake();
    });
    this.#worker.on('error', error =>
      this.#log.debug({ err: error }, 'connection of queue streams failed; it reconnects'),
    );
  }

  start(): void {
    void this.#worker
      .run()
      .catch(error => this.#log.error({ err: error }, 'queue streams failed; this worker takes no more streams'));
  }

  wake(streamId: string): void {
    for (const running of this.#running.values()) if (running.streamId === streamId) running.session.wake();
  }

  /** Streams that this worker runs. */
  get streams(): number {
    return this.#running.size;
  }

  /** Units of WORKER_STREAMS that they take, and how many there are of each profile. */
  get load(): { used: number; profiles: Slots['counts'] } {
    return { used: this.#slots.used, profiles: this.#slots.counts };
  }

  /** Whether it has no room for any stream, or for the one that is first in the queue. */
  get full(): boolean {
    return !this.#slots.fitsAny || performance.now() - this.#refusedAt < 2 * NO_ROOM_MS;
  }

  /** Whether it takes no more streams because it is drained, or is about to end. */
  get draining(): boolean {
    return this.#holds.has('ending') || this.#holds.has('drained');
  }

  /** What runs here, and the units that each takes. */
  get sessions(): { streamId: string; run: string; cost: number }[] {
    return [...this.#running].map(([run, { streamId }]) => ({ streamId, run, cost: this.#slots.costOf(run) }));
  }

  /** Takes no more jobs until release() with the same reason; what runs goes on. */
  async hold(reason: Hold): Promise<void> {
    this.#holds.add(reason);
    await withDeadline(this.#worker.pause(true), 2_000, () => undefined);
  }

  /** Ends a hold. Jobs are taken again when there is no other. */
  async release(reason: Exclude<Hold, 'ending'>): Promise<void> {
    if (this.#holds.delete(reason) && this.#taking) await this.#worker.resume();
  }

  /** Hands one stream over. Resolves when it is off this worker. */
  async handOver(run: string, how: HandOver): Promise<void> {
    const session = this.#running.get(run)?.session;
    session?.handOver(how);
    await session?.finished;
  }

  get #taking(): boolean {
    return this.#holds.size === 0;
  }

  /** Takes no more jobs, and waits until the streams here have ended by themselves: for `waitMs`, or until `hurry` aborts. */
  async drain(waitMs: number, hurry: AbortSignal): Promise<void> {
    await this.hold('ending');
    await withDeadline(this.#allFinished(), waitMs, () => undefined, hurry);
  }

  /** This process is about to end for a fault of its own: the streams that it hands over may be why. */
  noteFault(): void {
    this.#failing = true;
  }

  /** Takes no more jobs, hands every stream over, and waits until each is off this worker. */
  stop(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#again);
    await this.hold('ending');
    const sessions = [...this.#running.values()].map(running => running.session);
    for (const session of sessions) session.handOver(this.#failing ? 'failing' : 'handed_over');
    const offAir = Promise.all(sessions.map(session => session.offAir)).then(() => this.#onOffAir());
    await Promise.all([offAir, this.#allFinished()]);
    // close() never returns while Redis is away; the process may end all the same, since the job's lock runs out.
    await withDeadline(this.#worker.close(), 3_000, () => undefined);
  }

  async #allFinished(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ session }) => session.finished));
  }

  async #process(job: Job<StreamJob>, token: string | undefined): Promise<SessionEnd | 'over'> {
    // Running here already: a false stall gave the job out again. Adopt it, the session goes on untouched.
    const data = parseJob('streams', jobSchemas.streams, job, this.#entries);
    const session = this.#running.get(data.run)?.session ?? (await this.#claim(job, data, token));
    if (!session) return 'over';
    this.#jobs += 1;
    this.#fetchNext();
    const end = await session.finished;
    this.#jobs -= 1;
    this.#noteRoom();
    if (end !== 'handed_over') return end;
    return giveBack(job, token);
  }

  /**
   * BullMQ's `concurrency` is one more than what runs while there is room: jobs are fetched one by one, so one that does not fit
   * goes back before the next is taken, and the order stays.
   */
  #noteRoom(): void {
    this.#worker.concurrency = Math.max(1, this.#jobs + (this.#slots.fitsAny ? 1 : 0));
  }

  /** BullMQ's loop waits for a job's end when it has as many as `concurrency`; only resume() makes it fetch again. */
  #fetchNext(): void {
    this.#noteRoom();
    if (!this.#taking) return;
    void this.#worker.pause(true).then(() => (this.#taking ? this.#worker.resume() : undefined));
  }

  /** The job is first in the queue again. This worker fetches nothing until a stream ends here, or for NO_ROOM_MS. */
  async #refuse(job: Job, token: string | undefined): Promise<never> {
    this.#refusedAt = performance.now();
    this.#worker.concurrency = Math.max(1, this.#jobs);
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#fetchNext(), NO_ROOM_MS);
    return giveBack(job, token);
  }

  /** Reads the stream's profile only where the answer matters. */
  async #fits({ streamId, run }: StreamJob): Promise<boolean> {
    if (this.#slots.fitsAll) return true;
    // Its lease is asked for next, and finds out what is wrong.
    const profile = await this.#scripts.profile(streamId, run).catch(() => undefined);
    return profile === undefined || this.#slots.fits(profile);
  }

  /** Undefined when there is nothing to run. Throws DelayedError (BullMQ: not a failure) when another worker holds it. */
  async #claim(job: Job, data: StreamJob, token: string | undefined): Promise<RunningSession | undefined> {
    const { streamId, run } = data;
    // A fetch that was under way brings one more job after pause().
    if (!this.#taking) return giveBack(job, token);
    if (!(await this.#fits(data))) return this.#refuse(job, token);
    const acquiredAt = performance.now();
    const owner = this.#unanswered.get(run) ?? `${this.#owner}/${randomUUID()}`;
    this.#unanswered.set(run, owner);
    const patienceMs = Math.max(0, this.#patientUntil - acquiredAt);
    const acquired = await this.#scripts.acquire(streamId, run, owner, leaseTimes.ttlMs, patienceMs).catch(error => {
      this.#log.warn({ err: error, streamId, run }, 'lease not acquired: Redis does not answer; retry follows');
      return UNANSWERED;
    });
    if (acquired !== UNANSWERED) this.#unanswered.delete(run);
    if (acquired.kind === 'over') return undefined;
    if (acquired.kind === 'held') return putBack(job, token, Math.min(acquired.msLeft + 50, 5_000));
    const isForOthers = isForItsNode(acquired.record, this.#node, acquired.now);
    if (!this.#taking || isForOthers) {
      await this.#scripts.release({ streamId, run, token: acquired.token }).catch(() => undefined);
      return isForOthers ? putBack(job, token, HOME_AGAIN_MS) : giveBack(job, token);
    }
    const log = this.#log.child({ streamId, run });
    const { record } = acquired;
    log.info({ fence: acquired.token, state: record.state }, 'lease taken');
    this.#onTaken(data, acquired);
    const lease = new StreamLease({
      streamId,
      token: acquired.token,
      record,
      scripts: this.#scripts,
      times: leaseTimes,
      log,
    });
    const session = this.#startSession(data, lease, acquiredAt, acquired.lostAfterMs);
    this.#running.set(run, { streamId, session });
    this.#slots.take(run, profileOf(record));
    void session.finished.finally(() => {
      this.#running.delete(run);
      this.#slots.giveBack(run);
    });
    return session;
  }
}

/** Gives the job back for any other worker to take at once; this one is paused. Throws WaitingError, which is no failure. */
async function giveBack(job: Job, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

/** Gives the job back for any worker to take after `ms`. Throws DelayedError, which BullMQ does not count as a failure. */
async function putBack(job: Job, token: string | undefined, ms: number): Promise<never> {
  await job.moveToDelayed(Date.now() + ms, token);
  throw new DelayedError();
}
