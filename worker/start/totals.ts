import type { EntryParser } from '../../common/redis/entryParser.ts';
import type { WorkerTotals } from '../../common/workers/workerStatus.ts';

/** Counts what this process does; every heartbeat reports it. */
export class Totals {
  readonly #totals: WorkerTotals = {
    segmentsListed: 0,
    listingMs: 0,
    gapsListed: 0,
    putsFailed: 0,
    segmentsDropped: 0,
    valuesSkipped: 0,
    fallbacks: 0,
  };
  readonly #entries: EntryParser;

  /** @param entries counts what was skipped of Redis's values */
  constructor(entries: EntryParser) {
    this.#entries = entries;
  }

  count(what: Exclude<keyof WorkerTotals, 'listingMs' | 'segmentsListed' | 'valuesSkipped'>): void {
    this.#totals[what] += 1;
  }

  /** @param ms from FFmpeg's closing it to the playlist that is in the store with it */
  countListed(ms: number): void {
    this.#totals.segmentsListed += 1;
    this.#totals.listingMs += ms;
  }

  read(): WorkerTotals {
    const valuesSkipped = [...this.#entries.counts().values()].reduce((sum, count) => sum + count, 0);
    return { ...this.#totals, valuesSkipped };
  }
}
