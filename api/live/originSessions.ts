import { OriginSession } from './originSession.ts';

const IDLE_MS = 60_000;
const SWEEP_MS = 10_000;

/** Connections to the workers' origins: one to each, opened when it is first needed, closed when it was not used for a minute. */
export class OriginSessions {
  readonly #key: string;
  readonly #sessions = new Map<string, OriginSession>();
  readonly #sweeping = setInterval(() => this.#sweep(), SWEEP_MS).unref();

  /** @param key that opens the origins (common/origin/originKey.ts) */
  constructor(key: string) {
    this.#key = key;
  }

  at(url: string): OriginSession {
    const known = this.#sessions.get(url);
    if (known && !known.isOver) return known;
    const session = new OriginSession(url, this.#key);
    this.#sessions.set(url, session);
    return session;
  }

  close(): void {
    clearInterval(this.#sweeping);
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }

  #sweep(): void {
    for (const [url, session] of this.#sessions) {
      if (!session.isOver && session.idleMs < IDLE_MS) continue;
      session.close();
      this.#sessions.delete(url);
    }
  }
}
