import { addressGroup } from '../../common/net/addressGroup.ts';

const WINDOW_MS = 60_000;
/** Viewers behind one address send four beacons a minute each. */
const PER_MINUTE = 600;
const ADDRESSES = 10_000;

/**
 * Beacons of each address: 600 a minute, the rest is refused. Holds the latest 10,000 addresses of this process, for a minute, and writes
 * none of them down; an IPv6 one counts with its /64 network.
 */
export class BeaconLimit {
  readonly #now: () => number;
  readonly #counts = new Map<string, { count: number; until: number }>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Counts a beacon; false: it is one too many. */
  admits(address: string): boolean {
    const network = addressGroup(address);
    const now = this.#now();
    const known = this.#counts.get(network);
    if (known && now < known.until) {
      known.count += 1;
      return known.count <= PER_MINUTE;
    }
    this.#counts.delete(network);
    this.#counts.set(network, { count: 1, until: now + WINDOW_MS });
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > ADDRESSES && oldest !== undefined) this.#counts.delete(oldest);
    return true;
  }

  get size(): number {
    return this.#counts.size;
  }
}
