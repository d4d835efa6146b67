import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../../common/createLogger.ts';
import { headers } from '../store/headers.ts';
import type { ObjectStore, PutOptions } from '../store/objectStore.ts';
import { StoreError } from '../store/storeError.ts';
import { isPermanent } from '../store/storeFault.ts';
import { MARGIN_MS } from './claimPlaylist.ts';
import { compareTokens } from './compareTokens.ts';

const BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 8_000;
/** An owner in doubt writes every second time only: a new owner that claims the playlist finds a turn free (invariant I8). */
const TURNS_IN_DOUBT = 2;
/** So often an owner that has suspended itself looks whether there is a newer one. */
const LOOK_MS = 1_000;
/** A PUT of a few kB that takes longer hangs. */
const PUT_MS = 4_000;

interface Version {
  text: string;
  onStored: () => void;
}

export interface PlaylistWriterEvents {
  /** A version is in the store. */
  onStored(text: string): void;
  /** A newer owner has written the playlist: this one must not write anything any more. */
  onFenced(): void;
  /** What was read of the last owner's playlist is not what is there: it has written since. Nothing is written any more. */
  onStale?(): void;
  /** The store refuses for a reason that a retry does not change; it is retried nevertheless. */
  onRefused(error: StoreError): void;
}

/**
 * Keeps one playlist in the store up to date: one PUT in flight, the latest text wins, at most one PUT per interval and
 * key (invariant I8), retried for ever. Where the store fences, each PUT demands the ETag of the one before it, so an
 * owner that was replaced cannot overwrite (invariant I1).
 */
export class PlaylistWriter {
  readonly key: string;
  readonly #store: ObjectStore;
  readonly #token: string;
  readonly #fences: boolean;
  readonly #intervalMs: number;
  readonly #isCertain: () => boolean;
  readonly #events: PlaylistWriterEvents;
  readonly #log: Logger;
  readonly #closed = new AbortController();
  readonly #idle: (() => void)[] = [];
  /** What may be in the store although its PUT failed, by sequence. */
  readonly #doubtful = new Map<number, Version>();
  #wanted: Version | undefined;
  #etag: string | undefined;
  #sequence = 0;
  /** No former owner can write it. */
  #isClaimed = true;
  #failures = 0;
  /** What the store demands: its interval and its Retry-After. */
  #earliest = 0;
  /** The same, and the back-off after failures. */
  #notBefore = 0;
  #waiting = new AbortController();
  #inDoubt = false;
  #suspended = new AbortController();
  /** Aborts when nothing may be written: suspended or closed. */
  #halt: AbortSignal;
  #running: Promise<void> | undefined;
  #watching: Promise<void> | undefined;

  constructor(options: {
    store: ObjectStore;
    key: string;
    /** Fencing token of the stream's owner. */
    token: string;
    /** The store was probed and holds conditional PUTs. */
    fences: boolean;
    /** Least time from one PUT's answer to the next PUT (ms): so the store sees them as far apart, whatever the way took. */
    intervalMs: number;
    /** Of the object that is there, written a moment ago; undefined: none. */
    etag: string | undefined;
    /** It was only read, and was written then (ms since 1970): the first PUT claims it. */
    writtenAt?: number | undefined;
    /** Asked before each PUT where the store does not fence: whether the lease certainly lasts. Default: it does. */
    isCertain?: () => boolean;
    events: PlaylistWriterEvents;
    log: Logger;
  }) {
    this.key = options.key;
    this.#store = options.store;
    this.#token = options.token;
    this.#fences = options.fences;
    this.#intervalMs = options.intervalMs;
    this.#etag = options.etag;
    this.#isCertain = options.isCertain ?? (() => true);
    if (options.writtenAt !== undefined) this.#waitFor(options.writtenAt);
    else if (options.etag !== undefined) this.#keepInterval();
    this.#events = options.events;
    this.#log = options.log;
    this.#halt = AbortSignal.any([this.#closed.signal, this.#suspended.signal]);
  }

  /**
   * Writes this text to the store; it replaces one that still waits. A new text means that a segment was stored, so the
   * store answers, and the back-off ends.
   * @param onStored called when this text is in the store
   */
  write(text: string, onStored: () => void = () => undefined): void {
    this.#wanted = { text, onStored };
    this.#notBefore = this.#earliest;
    this.#waiting.abort();
    this.#kick();
  }

  /** True when everything wanted is in the store; false when the signal came first, or the writer is closed. */
  async flush(signal: AbortSignal): Promise<boolean> {
    while (this.#wanted !== undefined && !signal.aborted && !this.#closed.signal.aborted) {
      await new Promise<void>(resolve => {
        this.#idle.push(resolve);
        for (const end of [signal, this.#closed.signal]) end.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return this.#wanted === undefined;
  }

  /**
   * There may be another owner. Where the store cannot fence: writes nothing until resume(), aborts a PUT that is under way
   * (it may still arrive), and reads the playlist's token to find a newer owner. Where it fences: goes on, at half the
   * rate.
   */
  suspend(): void {
    this.#inDoubt = true;
    if (this.#fences) return;
    this.#suspended.abort();
    this.#watching ??= this.#watch().finally(() => {
      this.#watching = undefined;
    });
  }

  resume(): void {
    this.#inDoubt = false;
    if (!this.#suspended.signal.aborted) return;
    this.#suspended = new AbortController();
    this.#halt = AbortSignal.any([this.#closed.signal, this.#suspended.signal]);
    this.#kick();
  }

  /** Writes nothing more. Resolves when no PUT is under way. May be called twice. */
  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([this.#running, this.#watching]);
  }

  #kick(): void {
    if (this.#running || this.#wanted === undefined || this.#halt.aborted) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#wanted === undefined) for (const resolve of this.#idle.splice(0)) resolve();
      else this.#kick();
    });
  }

  async #run(): Promise<void> {
    const signal = this.#halt;
    while (this.#wanted !== undefined && !signal.aborted) {
      const wait = this.#notBefore - performance.now();
      if (wait > 0) await this.#wait(wait, signal);
      // A timer that ran out while the process was frozen may come here before the one that suspends.
      else if (!this.#fences && !this.#isCertain()) this.suspend();
      else await this.#put(this.#wanted, signal);
    }
  }

  /** The lease is in doubt and this store does not fence: the playlist's token says whether there is a newer owner. */
  async #watch(): Promise<void> {
    const { signal } = this.#closed;
    while (this.#inDoubt && !signal.aborted) {
      try {
        const there = await this.#store.head(this.key, { signal });
        if (there && compareTokens(there.metadata.token, this.#token) > 0) return this.#setFenced();
      } catch (error) {
        this.#log.debug({ err: error, key: this.key }, 'owner of the playlist not read; retry follows');
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Until the time is over, the signal aborts, or a new text is to be written. */
  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    this.#waiting = new AbortController();
    const ends = AbortSignal.any([signal, this.#waiting.signal]);
    await sleep(ms, undefined, { signal: ends }).catch(() => undefined);
  }

  async #put(version: Version, signal: AbortSignal): Promise<void> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(PUT_MS)]);
      const { etag } = await this.#store.put(this.key, version.text, this.#putOptions(sequence, limit));
      this.#keepInterval();
      this.#setStored(version, etag);
    } catch (error) {
      this.#keepInterval();
      await this.#failed(error, version, sequence, signal);
    }
  }

  /** The last owner's interval goes on; clocks may differ. */
  #waitFor(writtenAt: number): void {
    this.#isClaimed = false;
    const wait = Math.min(writtenAt + this.#intervalMs - Date.now(), this.#intervalMs) + MARGIN_MS;
    this.#earliest = performance.now() + Math.max(0, wait);
    this.#notBefore = this.#earliest;
  }

  #keepInterval(): void {
    this.#earliest = performance.now() + this.#intervalMs * (this.#inDoubt ? TURNS_IN_DOUBT : 1);
    this.#notBefore = this.#earliest;
  }

  #putOptions(sequence: number, signal: AbortSignal): PutOptions {
    const metadata = { token: this.#token, sequence: String(sequence), time: String(Date.now()) };
    const options = { ...headers.playlist, signal, metadata };
    if (!this.#fences) return options;
    return { ...options, condition: this.#etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: this.#etag } };
  }

  #setStored(version: Version, etag: string): void {
    this.#etag = etag;
    this.#isClaimed = true;
    this.#failures = 0;
    this.#doubtful.clear();
    if (this.#wanted?.text === version.text) this.#wanted = undefined;
    this.#events.onStored(version.text);
    version.onStored();
  }

  async #failed(error: unknown, version: Version, sequence: number, signal: AbortSignal): Promise<void> {
    const failure = error instanceof StoreError ? error : new StoreError('retry', String(error), { cause: error });
    if (failure.kind === 'precondition') return this.#look(signal);
    this.#doubtful.set(sequence, version);
    if (failure.kind === 'aborted' && signal.aborted) return;
    this.#backOff(failure);
    if (isPermanent(failure.kind)) this.#events.onRefused(failure);
  }

  #backOff(failure: StoreError): void {
    this.#failures += 1;
    const backoff = Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (this.#failures - 1)) * (0.75 + Math.random() / 2);
    const now = performance.now();
    this.#earliest = Math.max(this.#earliest, now + (failure.retryAfterMs ?? 0));
    this.#notBefore = Math.max(this.#earliest, now + backoff);
    this.#log.warn({ err: failure, key: this.key, failures: this.#failures }, 'playlist not stored; retry follows');
  }

  /** The object is not the one we knew: our own write whose answer was lost, or another owner's. */
  async #look(signal: AbortSignal): Promise<void> {
    try {
      const there = await this.#store.head(this.key, { signal });
      if (signal.aborted) return;
      const order = compareTokens(there?.metadata.token, this.#token);
      if (there && order > 0) return this.#setFenced();
      if (order < 0 && !this.#isClaimed) return this.#setStale();
      this.#etag = there?.etag;
      const ours = order === 0 ? this.#doubtful.get(Number(there?.metadata.sequence)) : undefined;
      if (ours !== undefined && there) this.#setStored(ours, there.etag);
      else this.#log.warn({ key: this.key }, 'the playlist in the store is an older owner’s, or is gone; replacing it');
    } catch (error) {
      if (!signal.aborted) this.#backOff(error instanceof StoreError ? error : new StoreError('retry', String(error)));
    }
  }

  #setStale(): void {
    this.#closed.abort();
    this.#log.warn({ key: this.key }, 'the last owner has written the playlist since it was read; it is read again');
    this.#events.onStale?.();
  }

  #setFenced(): void {
    this.#closed.abort();
    this.#log.warn({ key: this.key }, 'fenced: a newer owner has written the playlist');
    this.#events.onFenced();
  }
}
