import type { Logger } from '../../../common/createLogger.ts';
import { keyOf, type Ledger } from '../playlist/ledger.ts';
import type { RenderedPlaylist } from '../playlist/renderedPlaylist.ts';
import type { ObjectStore } from '../store/objectStore.ts';

/** Segments (of all renditions) that go with one call. */
const BATCH = 10;
const RETRY_MS = 10_000;

interface Held {
  mediaSequence: number;
  number: number;
  keys: readonly string[];
  /** From when on no player asks for it any more (`now()`); undefined while a playlist in the store may list it. */
  dueAt?: number;
}

/**
 * Deletes the segments of a live stream that no player can ask for any more: no rendition's stored playlist lists them, as
 * many newer ones as the grace says have left it too, and a player that holds the last playlist that listed them has had
 * its whole duration and one segment more (RFC 8216 section 6.2.2). It acts only when a playlist was just stored, so an
 * owner that was replaced, or whose store is away, deletes nothing.
 */
export class SegmentRetention {
  readonly #store: ObjectStore;
  readonly #graceSegments: number;
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  readonly #log: Logger;
  /** By rendition, the first media sequence number of the playlist that is in the store. */
  readonly #heads: number[];
  #held: Held[] = [];
  /** The last that was deleted, by its number. */
  #deleted = -1;
  #seen = -1;
  #stayMs = 0;
  #notBefore = 0;
  #deleting: Promise<void> | undefined;

  constructor(options: {
    store: ObjectStore;
    renditions: number;
    graceSegments: number;
    /** Aborts when this owner deletes nothing any more. */
    signal: AbortSignal;
    log: Logger;
    /** Monotonic, ms. */
    now?: () => number;
  }) {
    this.#store = options.store;
    this.#graceSegments = options.graceSegments;
    this.#signal = options.signal;
    this.#log = options.log;
    this.#now = options.now ?? (() => performance.now());
    this.#heads = Array.from({ length: options.renditions }, () => -1);
  }

  /** Notes what is new in the ledger. */
  observe(ledger: Ledger): void {
    for (const { mediaSequence, number, segments } of ledger.entries) {
      if (mediaSequence <= this.#seen) continue;
      this.#seen = mediaSequence;
      this.#held.push({
        mediaSequence,
        number,
        keys: segments.map((_, rendition) => keyOf(ledger, rendition, number)),
      });
    }
    this.#stayMs = (ledger.window + 1) * ledger.targetDuration * 1000;
  }

  /** A file is in the store: one that was passed over as a gap may come after its delete, and goes with the next. */
  stored(ledger: Ledger, rendition: number, number: number): void {
    if (number > this.#deleted) return;
    this.#held.unshift({ mediaSequence: -1, number, keys: [keyOf(ledger, rendition, number)], dueAt: this.#now() });
  }

  /** This playlist is in the store now. */
  published(rendition: number, playlist: Pick<RenderedPlaylist, 'mediaSequence'>): void {
    this.#heads[rendition] = playlist.mediaSequence;
    const head = Math.min(...this.#heads);
    const now = this.#now();
    for (const held of this.#held) {
      if (held.mediaSequence >= head) break;
      held.dueAt ??= now + this.#stayMs;
    }
    const count = this.#countDue(head - this.#graceSegments, now);
    if (count < BATCH || now < this.#notBefore || this.#deleting || this.#signal.aborted) return;
    this.#deleting = this.#delete(count).finally(() => {
      this.#deleting = undefined;
    });
  }

  /** Resolves when no delete is under way. */
  async settled(): Promise<void> {
    await this.#deleting;
  }

  #countDue(before: number, now: number): number {
    const stays = this.#held.findIndex(
      ({ mediaSequence, dueAt }) => mediaSequence >= before || dueAt === undefined || dueAt > now,
    );
    return stays < 0 ? this.#held.length : stays;
  }

  async #delete(count: number): Promise<void> {
    const going = this.#held.slice(0, count);
    this.#deleted = Math.max(this.#deleted, ...going.map(({ number }) => number));
    const failed = await this.#deleteKeys(going.flatMap(({ keys }) => keys));
    const left = going.map(held => ({ ...held, keys: held.keys.filter(key => failed.has(key)) }));
    const rest = this.#held.filter(held => !going.includes(held));
    this.#held = [...left.filter(({ keys }) => keys.length > 0), ...rest];
    if (failed.size > 0) this.#notBefore = this.#now() + RETRY_MS;
  }

  /** The keys that are still there. */
  async #deleteKeys(keys: readonly string[]): Promise<ReadonlySet<string>> {
    try {
      const { failed } = await this.#store.delete(keys, { signal: this.#signal });
      if (failed.length > 0) this.#log.warn({ failed: failed.slice(0, 10) }, 'segments not deleted; retry follows');
      else this.#log.debug({ deleted: keys.length, from: keys[0] }, 'segments deleted');
      return new Set(failed.map(({ key }) => key));
    } catch (error) {
      if (!this.#signal.aborted) this.#log.warn({ err: error }, 'segments not deleted; retry follows');
      return new Set(keys);
    }
  }
}
