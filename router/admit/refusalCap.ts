import { randomBytes } from 'node:crypto';
import { addressGroup } from '../../common/net/addressGroup.ts';

/** Encoders of one address with a wrong key call a few times a second each. */
const MOST_A_SECOND = 200;
const SLOTS = 4_096;

/**
 * How many callers of each address were refused in this second: beyond a bound they get no answer, and their keys are not
 * checked. Its memory is fixed. Addresses share slots, in a way that nobody outside can know.
 */
export class RefusalCap {
  readonly #counts = new Uint16Array(SLOTS);
  readonly #salt = randomBytes(4).readUInt32LE();
  #second = 0;

  /** @param now ms, monotonic */
  isReached(address: string, now: number): boolean {
    this.#turn(now);
    return (this.#counts[this.#slot(address)] ?? 0) >= MOST_A_SECOND;
  }

  add(address: string, now: number): void {
    this.#turn(now);
    const slot = this.#slot(address);
    this.#counts[slot] = Math.min(MOST_A_SECOND, (this.#counts[slot] ?? 0) + 1);
  }

  #turn(now: number): void {
    const second = Math.floor(now / 1_000);
    if (second === this.#second) return;
    this.#second = second;
    this.#counts.fill(0);
  }

  /** FNV-1a */
  #slot(address: string): number {
    let hash = this.#salt;
    for (const char of addressGroup(address)) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619);
    return (hash >>> 8) % SLOTS;
  }
}
