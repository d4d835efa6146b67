import { type ListedWorker, takesStreams } from '../../common/workers/workerStatus.ts';
import type { HandOver } from './leaseScripts.ts';

export interface Move {
  run: string;
  how: HandOver;
}

/** Units are decimals; sums of them are not exact. */
const SMALL = 1e-6;

/**
 * Which streams of a drained worker have room on another one. A stream goes to a worker of its own node where one has room,
 * since only there it can keep its port. The dearest streams are placed first. A pure function.
 * @param streams with the units that each takes
 * @param others the other living workers
 */
export function planMoves(
  streams: readonly { run: string; cost: number }[],
  others: readonly ListedWorker[],
  node: string,
): Move[] {
  const places = others.filter(takesStreams).map(({ slots, used, streams: count, node: place }) => ({
    ...{ isHere: place === node, count },
    left: slots - (used ?? count),
  }));
  const moves: Move[] = [];
  for (const { run, cost } of streams.toSorted((a, b) => b.cost - a.cost)) {
    // A worker without a stream takes one of any cost (slots.ts).
    const fitting = places.filter(({ left, count }) => count === 0 || left + SMALL >= cost);
    const [place] = fitting.sort((a, b) => Number(b.isHere) - Number(a.isHere) || b.left - a.left);
    if (!place) continue;
    place.left -= cost;
    place.count += 1;
    moves.push({ run, how: place.isHere ? 'handed_over' : 'moved' });
  }
  return moves;
}
