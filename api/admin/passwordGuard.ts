import type { Logger } from '../../common/createLogger.ts';
import { addressGroup } from '../../common/net/addressGroup.ts';

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
  /** Passwords that are being checked, by network: as many as may still be wrong are checked at a time. */
  readonly #pending = new Map<string, number>();
  #unlogged = 0;
  #line: NodeJS.Timeout | undefined;

  constructor(log: Logger, now: () => number = Date.now) {
    this.#log = log;
    this.#now = now;
  }

  /** How long no password is tried from this address (s); 0: it may be tried. */
  lockedFor(address: string): number {
    const network = addressGroup(address);
    const failed = this.#failures.get(network);
    const left = failed ? Math.max(0, Math.ceil((failed.until - this.#now()) / 1_000)) : 0;
    const wrong = left > 0 ? (failed?.count ?? 0) : 0;
    const pending = this.#pending.get(network) ?? 0;
    return wrong + pending < ATTEMPTS ? 0 : Math.max(1, left);
  }

  /** Checks a password; `check` resolves to undefined when it is wrong. */
  async attempt<Result>(address: string, check: () => Promise<Result>): Promise<Result> {
    const network = addressGroup(address);
    this.#pending.set(network, (this.#pending.get(network) ?? 0) + 1);
    try {
      const result = await check();
      if (result === undefined) this.failed(address);
      return result;
    } finally {
      const left = (this.#pending.get(network) ?? 1) - 1;
      if (left === 0) this.#pending.delete(network);
      else this.#pending.set(network, left);
    }
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
