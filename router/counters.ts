import type { RouterTotals } from '../common/routers/routerStatus.ts';

/** What a router has done since it began, counted where it happens. */
export class Counters {
  readonly totals: RouterTotals = {
    packetsUp: 0,
    packetsDown: 0,
    bytesUp: 0,
    bytesDown: 0,
    inductions: 0,
    orphans: 0,
    rebinds: 0,
    kernelDrops: 0,
    unanswered: 0,
    refusals: {},
    losses: {},
    drifts: {},
  };

  /** One more of a kind that has a name of its own: a reject code, an outcome. */
  count(kind: 'refusals' | 'losses' | 'drifts', name: string | number): void {
    const of = this.totals[kind];
    of[name] = (of[name] ?? 0) + 1;
  }
}
