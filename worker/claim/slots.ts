import type { ProfileCosts } from '../../common/config/profileCosts.ts';
import type { StreamProfile } from '../../common/stream/streamProfile.ts';

/** Costs are decimals, so their sum is rounded to what PROFILE_COSTS can say. */
const rounded = (units: number): number => Math.round(units * 1_000) / 1_000;

/**
 * What the streams of a worker take of its units (WORKER_STREAMS). Each profile has a cost. A worker without a stream takes one
 * of any cost, so no stream is too dear for the cluster.
 */
export class Slots {
  readonly units: number;
  readonly #costs: ProfileCosts;
  readonly #taken = new Map<string, StreamProfile>();

  constructor(units: number, costs: ProfileCosts) {
    this.units = units;
    this.#costs = costs;
  }

  /** @param key unique among the streams of this worker */
  take(key: string, profile: StreamProfile): void {
    this.#taken.set(key, profile);
  }

  giveBack(key: string): void {
    this.#taken.delete(key);
  }

  /** Units that the stream of this key takes; 0: there is none. */
  costOf(key: string): number {
    const profile = this.#taken.get(key);
    return profile === undefined ? 0 : this.#costs[profile];
  }

  /** Units that are taken. */
  get used(): number {
    return rounded([...this.#taken.values()].reduce((sum, profile) => sum + this.#costs[profile], 0));
  }

  /** Streams by profile; profiles without one are left out. */
  get counts(): Partial<Record<StreamProfile, number>> {
    const counts: Partial<Record<StreamProfile, number>> = {};
    for (const profile of this.#taken.values()) counts[profile] = (counts[profile] ?? 0) + 1;
    return counts;
  }

  fits(profile: StreamProfile): boolean {
    return this.#has(this.#costs[profile]);
  }

  /** Whether a stream of each profile fits. */
  get fitsAll(): boolean {
    return this.#has(Math.max(...Object.values(this.#costs)));
  }

  /** Whether a stream of the cheapest profile fits. */
  get fitsAny(): boolean {
    return this.#has(Math.min(...Object.values(this.#costs)));
  }

  #has(cost: number): boolean {
    return this.#taken.size === 0 || rounded(this.used + cost) <= this.units;
  }
}
