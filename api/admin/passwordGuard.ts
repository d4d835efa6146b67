import type { Logger } from '../../common/createLogger.ts';
import { addressGroup } from '../http/addressGroup.ts';

const WINDOW_MS = 60_000;
const ATTEMPTS = 10;
const ADDRESSES = 10_000;
const LINE_MS = 1_000;

/**
 * Counts wrong passwords of each address: ten in a minute, then none is tried from there until the minute is over. Holds
 * the latest 10,000 addresses; an IPv6 one counts with its /64 network. Logs once a second at most, with the count.
 */
export class PasswordGuard {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #failures = new Map<string, { count: number; until: number }>();
  #unlogged = 0;
  #line: NodeJS.Timeout | undefined;

  constructor(log: Logger, now: () => number = Date.now) {
    this.#log = log;
    this.#now = now;
  }

  /** How long no password is tried from this address (s); 0: it may be tried. */
  lockedFor(address: string): number {
    const failed = this.#failures.get(addressGroup(address));
    if (!failed || failed.count < ATTEMPTS) return 0;
    return Math.max(0, Math.ceil((failed.until - this.#now()) / 1_000));
  }

  /** A wrong password came, or an attempt while none is tried. */
  failed(address: string): void {
    this.#logSoon(address);
    const network = addressGroup(address);
    const known = this.#failures.get(network);
    if (known && this.#now() < known.until) {
      known.count += 1;
      return;
    }
    this.#failures.delete(network);
    this.#failures.set(network, { count: 1, until: this.#now() + WINDOW_MS });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > ADDRESSES && oldest !== undefined) this.#failures.delete(oldest);
  }

  #logSoon(address: string): void {
    this.#unlogged += 1;
    this.#line ??= setTimeout(() => {
      this.#log.warn({ count: this.#unlogged, address }, 'wrong passwords for the admin pages');
      this.#unlogged = 0;
      this.#line = undefined;
    }, LINE_MS).unref();
  }
}
