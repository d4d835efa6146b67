import type { Logger } from '../createLogger.ts';

const LINE_MS = 10_000;
const REMEMBERED = 1_000;

interface Kind {
  skipped: number;
  /** Skipped since the last log line of this kind. */
  unlogged: number;
  loggedAt: number;
  /** Entries that were logged, oldest first. */
  seen: Set<string>;
}

/**
 * Reads values that came from Redis. A value that does not parse is skipped, counted by its kind, and logged once; it
 * never ends a process nor hides the entries beside it. Each kind has at most one log line in 10 s.
 */
export class EntryParser {
  readonly #log: Logger | undefined;
  readonly #now: () => number;
  readonly #kinds = new Map<string, Kind>();

  /** @param options.log without it bad values are counted only */
  constructor(options: { log?: Logger; now?: () => number } = {}) {
    this.#log = options.log;
    this.#now = options.now ?? Date.now;
  }

  /**
   * What `read` returns, or undefined when it throws.
   * @param kind what the value is, e.g. `stream record`: few different ones, since each is a metric's label
   * @param id which one it is, e.g. its key or its id; without secrets, since it is logged
   */
  parse<Value>(kind: string, id: string, read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      this.skip(kind, id, error);
      return undefined;
    }
  }

  /** Counts and logs a bad value that the caller found and skips. */
  skip(kind: string, id: string, error: unknown): void {
    const of = this.#of(kind);
    of.skipped += 1;
    of.unlogged += 1;
    const now = this.#now();
    if (of.seen.has(id) || now - of.loggedAt < LINE_MS) return;
    const details = { kind, id: id.slice(0, 200), skipped: of.unlogged, err: describe(error) };
    this.#log?.warn(details, 'a value in Redis does not parse; it is skipped');
    of.loggedAt = now;
    of.unlogged = 0;
    of.seen.add(id);
    const [oldest] = of.seen;
    if (of.seen.size > REMEMBERED && oldest !== undefined) of.seen.delete(oldest);
  }

  /** How many values were skipped since the start, by kind. */
  counts(): Map<string, number> {
    return new Map([...this.#kinds].map(([kind, { skipped }]) => [kind, skipped]));
  }

  #of(kind: string): Kind {
    const known = this.#kinds.get(kind);
    if (known) return known;
    const made: Kind = { skipped: 0, unlogged: 0, loggedAt: Number.NEGATIVE_INFINITY, seen: new Set() };
    this.#kinds.set(kind, made);
    return made;
  }
}

/** Name and rule, cut short: a parse error may quote the whole value, and the value may hold a stream key. */
function describe(error: unknown): { type: string; rule: string } {
  if (!(error instanceof Error)) return { type: 'unknown', rule: 'it threw what is no Error' };
  const { issues } = error as { issues?: { path: PropertyKey[]; message: string }[] };
  const rule = issues
    ? issues.map(({ path, message }) => `${path.map(String).join('.') || 'value'}: ${message}`).join('; ')
    : error.message.replace(/"[\s\S]*"/, '"…"');
  return { type: error.name, rule: rule.slice(0, 300) };
}
