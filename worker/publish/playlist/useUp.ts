import { addClosed, closeEpoch, type Ledger, settle } from './ledger.ts';

/**
 * Viewers may have seen so many segments in part of which nothing was kept: their numbers are used up, as gaps of a target
 * duration each.
 */
export function useUp(ledger: Ledger, segments: number): Ledger {
  let next = ledger;
  for (let i = 0; i < segments; i += 1) {
    const lost = { number: next.nextNumber, durationSeconds: next.targetDuration, bytes: 0 };
    const rendition = next.made?.[0] ?? 0;
    next = settle(addClosed(next, { ...lost, rendition }), rendition, lost.number, 'gap');
  }
  return closeEpoch(next);
}
