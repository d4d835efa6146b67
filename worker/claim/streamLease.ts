import { setTimeout as sleep } from 'node:timers/promises';
import { alignedInterval } from '../../common/alignedInterval.ts';
import type { Logger } from '../../common/createLogger.ts';
import type { HeldLease, LeaseScripts, RecordedAccess, ReleaseHow, StreamWrite } from './leaseScripts.ts';

/** How long a lease lasts, how often it is renewed, and how long before its end the holder stops trusting it (ms). */
export interface LeaseTimes {
  ttlMs: number;
  renewMs: number;
  marginMs: number;
}

export const leaseTimes: LeaseTimes = { ttlMs: 8_000, renewMs: 2_000, marginMs: 1_500 };

export interface LeaseEvents {
  /** The stream is to stop. Called once. */
  onStopWanted(reason: string): void;
  /** Another worker has the stream now: stop and write nothing more. Called once. */
  onFenced(): void;
  /** The lease may have run out unseen (Redis is away): publish only where the store fences. */
  onDoubt(): void;
  /** The lease is certain again. */
  onCertain(): void;
  /** The stream's key or passphrase was rotated: `recorded` has the new generation, floor and passphrase. */
  onAccessChanged(): void;
}

const accessFields = ['keyGeneration', 'keyFloor', 'passphrase'] as const;

/**
 * One stream's lease while this worker holds it: renews it, reports that the stream is to stop, and writes the record in
 * order. Each write is fenced by the token and the run. Redis being away delays writes and never fails them: media does
 * not wait.
 */
export class StreamLease {
  readonly token: string;
  readonly #held: HeldLease;
  readonly #scripts: LeaseScripts;
  readonly #times: LeaseTimes;
  readonly #log: Logger;
  readonly #ended = new AbortController();
  #events: LeaseEvents | undefined;
  #record: Record<string, string>;
  #certainUntil = Number.POSITIVE_INFINITY;
  #deadline: NodeJS.Timeout | undefined;
  #stopRenewing: (() => void) | undefined;
  #renewing: Promise<void> | undefined;
  #writes: Promise<unknown> = Promise.resolve();
  #writeCount = 0;
  #doubt = false;
  #fenced = false;
  #stopTold = false;

  /** @param record the stream's record as read under this token */
  constructor(options: {
    streamId: string;
    token: string;
    record: Record<string, string>;
    scripts: LeaseScripts;
    times: LeaseTimes;
    log: Logger;
  }) {
    this.token = options.token;
    this.#held = { streamId: options.streamId, run: options.record.run ?? '', token: options.token };
    this.#record = { ...options.record };
    this.#scripts = options.scripts;
    this.#times = options.times;
    this.#log = options.log;
  }

  /** Begins to renew. @param acquiredAt when the acquiring call was sent (ms, monotonic: performance.now()) */
  start(events: LeaseEvents, acquiredAt: number): void {
    this.#events = events;
    this.#armDeadline(acquiredAt);
    if (this.#ended.signal.aborted) return;
    // All leases of a process at the same moment: one script renews them (LeaseScripts).
    this.#stopRenewing = alignedInterval(this.#times.renewMs, () => void this.#renew());
    if (this.#record.desired === 'stop') this.#tellStop(this.#record.stopReason ?? 'user_stop');
  }

  /** Another worker, or another run, has the stream. */
  get fenced(): boolean {
    return this.#fenced;
  }

  /** A field of the record as this owner knows it. */
  recorded(field: string): string | undefined {
    return this.#record[field] || undefined;
  }

  /** Reads the desired state now instead of at the next renewal. A renewal under way may have read it before it changed. */
  wake(): void {
    void (this.#renewing ?? Promise.resolve()).then(() => this.#renew());
  }

  /** Writes to the record, in order; waits for Redis as long as the lease is held. Resolves to whether it was written. */
  write(write: StreamWrite): Promise<boolean> {
    const result = this.#writes.then(() => this.#writeNow(write));
    this.#writes = result;
    return result;
  }

  /**
   * Whether the lease certainly lasts. Asked at each write that nothing else fences: after SIGCONT, or a busy event loop, a
   * write may run before the timer that reports the doubt.
   */
  isCertain(): boolean {
    if (performance.now() >= this.#certainUntil) this.#setDoubt();
    return !this.#doubt;
  }

  /**
   * Writes what is pending, and `last`; then gives the lease back. Resolves to false when the signal aborted first: what was
   * not written then never will be, the lease runs out, and the next owner finds the stream as it was.
   */
  async end(options: { last?: StreamWrite; how?: ReleaseHow; signal: AbortSignal }): Promise<boolean> {
    if (this.#ended.signal.aborted) return false;
    const giveUp = (): void => this.#end();
    options.signal.addEventListener('abort', giveUp, { once: true });
    if (options.last) void this.write(options.last);
    await this.#writes;
    options.signal.removeEventListener('abort', giveUp);
    if (this.#ended.signal.aborted) return false;
    this.#end();
    await this.#renewing;
    try {
      await this.#scripts.release(this.#held, options.how);
    } catch (error) {
      this.#log.warn({ err: error }, 'lease not released; it expires by itself');
    }
    return true;
  }

  /** Stops renewing and writes nothing more: the lease runs out by itself. */
  abandon(): void {
    this.#end();
  }

  async #writeNow(write: StreamWrite): Promise<boolean> {
    this.#writeCount += 1;
    const count = this.#writeCount;
    for (let attempt = 1; !this.#fenced && !this.#ended.signal.aborted; attempt += 1) {
      try {
        const answer = await this.#scripts.update(this.#held, write, count);
        if (answer.kind === 'written') this.#remember(write, answer.sequence);
        else if (answer.kind === 'forbidden')
          this.#log.error({ write }, 'state not written: the transition is not allowed');
        // Fenced may also mean that Redis lost the record: the renewal finds out which, and restores it.
        else if (await this.#isRecordLost()) continue;
        else this.#setFenced();
        return answer.kind === 'written';
      } catch (error) {
        if (attempt === 1) this.#log.warn({ err: error }, 'state not written: Redis does not answer; retry follows');
        await sleep(500, undefined, { signal: this.#ended.signal }).catch(() => undefined);
      }
    }
    return false;
  }

  #remember(write: StreamWrite, sequence: string | undefined): void {
    if (sequence !== undefined) this.#record.seq = sequence;
    this.#record.lastWrite = `${this.token}:${this.#writeCount}`;
    if (write.state) this.#record.state = write.state;
    for (const [field, value] of Object.entries(write.fields ?? {})) {
      if (value === '') delete this.#record[field];
      else this.#record[field] = String(value);
    }
  }

  async #isRecordLost(): Promise<boolean> {
    const { kind } = await this.#scripts.renew(this.#held, this.#times.ttlMs);
    if (kind === 'lost') await this.#restore();
    return kind !== 'fenced';
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#renewNow().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renewNow(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    const sentAt = performance.now();
    try {
      const renewed = await this.#scripts.renew(this.#held, this.#times.ttlMs);
      if (this.#ended.signal.aborted) return;
      if (renewed.kind === 'fenced') return this.#setFenced();
      if (renewed.kind === 'lost') await this.#restore();
      // Kept up to date, or a record written again after Redis lost it would give its events' ids a second time.
      // The same with the time from which its longest duration counts.
      if (renewed.kind === 'renewed')
        Object.assign(this.#record, { seq: renewed.sequence, streamingAt: renewed.streamingAt });
      this.#armDeadline(sentAt);
      if (renewed.kind !== 'renewed') return;
      if (renewed.stopReason) this.#tellStop(renewed.stopReason);
      this.#noteAccess(renewed.access);
    } catch (error) {
      this.#log.debug({ err: error }, 'lease not renewed: Redis does not answer');
    }
  }

  async #restore(): Promise<void> {
    this.#log.warn('Redis has lost the record of the stream; writing it again');
    await this.#scripts.restore(this.#held.streamId, {
      ...this.#record,
      token: this.token,
      owner: this.#record.owner ?? this.token,
      leaseUntil: '0',
    });
    // Not ours after that: the stream was started again in the meantime.
    const renewed = await this.#scripts.renew(this.#held, this.#times.ttlMs);
    if (renewed.kind !== 'renewed') this.#setFenced();
  }

  /** Counts from when the renewal was sent, since the lease may count from then on. */
  #armDeadline(sentAt: number): void {
    clearTimeout(this.#deadline);
    if (this.#ended.signal.aborted) return;
    this.#certainUntil = sentAt + this.#times.ttlMs - this.#times.marginMs;
    const left = this.#certainUntil - performance.now();
    this.#deadline = setTimeout(() => this.#setDoubt(), Math.max(0, left));
    // An answer that came this late is worth nothing.
    if (!this.#doubt || left <= 0) return;
    this.#doubt = false;
    this.#log.info('lease renewed; it is no longer in doubt');
    this.#events?.onCertain();
  }

  #setDoubt(): void {
    if (this.#doubt) return;
    this.#doubt = true;
    this.#log.warn('lease in doubt: it was not renewed before its deadline');
    this.#events?.onDoubt();
  }

  #noteAccess(access: RecordedAccess): void {
    const { keyGeneration = '', keyFloor = '', passphrase = '' } = this.#record;
    const known = { keyGeneration, keyFloor, passphrase };
    if (accessFields.every(field => known[field] === access[field])) return;
    if (Number(access.keyGeneration) < Number(keyGeneration)) {
      // Redis came back with what it had some seconds before: a revoked key stays revoked.
      void this.write({ fields: known });
      return;
    }
    Object.assign(this.#record, access);
    this.#events?.onAccessChanged();
  }

  #tellStop(reason: string): void {
    if (this.#stopTold) return;
    this.#stopTold = true;
    this.#events?.onStopWanted(reason);
  }

  #setFenced(): void {
    if (this.#fenced) return;
    this.#fenced = true;
    this.#end();
    this.#log.warn('fenced: another worker owns the stream; this session ends');
    this.#events?.onFenced();
  }

  #end(): void {
    this.#ended.abort();
    this.#stopRenewing?.();
    clearTimeout(this.#deadline);
  }
}
