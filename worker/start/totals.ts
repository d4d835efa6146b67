import type { WorkerTotals } from '../../common/workers/workerStatus.ts';

/** Counts what this process does; every heartbeat tells it. */
export class Totals {
  readonly #totals: WorkerTotals = {
    segmentsListed: 0,
    listingMs: 0,
    gapsListed: 0,
    putsFailed: 0,
    segmentsDropped: 0,
  };

  count(what: Exclude<keyof WorkerTotals, 'listingMs' | 'segmentsListed'>): void {
    this.#totals[what] += 1;
  }

  /** @param ms from FFmpeg's closing it to the playlist that is in the store with it */
  countListed(ms: number): void {
    this.#totals.segmentsListed += 1;
    this.#totals.listingMs += ms;
  }

  read(): WorkerTotals {
    return { ...this.#totals };
  }
}
