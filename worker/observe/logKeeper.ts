import type { LogLine, StreamLogs } from '../../common/stream/streamLogs.ts';

const FLUSH_MS = 1_000;
/** Lines that wait for Redis; older ones are dropped. */
const MOST = 1_000;
/** Characters of a line's details. */
const DETAILS_MAX = 1_000;
const INFO = 30;

/** The same in all lines of a stream, or known from the others. */
const COMMON = new Set(['level', 'time', 'msg', 'name', 'pid', 'node', 'streamId', 'run']);
/** Keys in URLs, which no rule for fields finds. */
const SECRET = /\b((?:token|t|passphrase|secret)=)[^&\s"'\\]+/gi;

/**
 * Keeps what this process logs about streams, from info on, where the control room finds it. It gets each line as it is written: what is
 * redacted there is redacted here. Lines wait while Redis is away, 1,000 at most.
 */
export class LogKeeper {
  #waiting: { streamId: string; line: LogLine }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #logs: StreamLogs | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** Takes a line of the log, JSON. Those of no stream, and those below info, are passed over. */
  note(text: string): void {
    if (!text.includes('"streamId":"')) return;
    const fields = parse(text);
    if (!fields || typeof fields.level !== 'number' || fields.level < INFO) return;
    this.#waiting.push({ streamId: String(fields.streamId), line: lineOf(fields) });
    if (this.#waiting.length > MOST) this.#waiting.shift();
    this.#schedule();
  }

  start(logs: StreamLogs): void {
    this.#logs = logs;
    this.#schedule();
  }

  /** Writes what waits, once. */
  async stop(): Promise<void> {
    await this.#flush();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#logs = undefined;
  }

  #schedule(): void {
    if (this.#logs && this.#waiting.length > 0) this.#timer ??= setTimeout(() => void this.#flush(), FLUSH_MS).unref();
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    if (!this.#logs || lines.length === 0) return;
    this.#waiting = [];
    const byStream = Map.groupBy(lines, ({ streamId }) => streamId);
    try {
      await this.#logs.append(new Map([...byStream].map(([id, own]) => [id, own.map(({ line }) => line)])));
    } catch {
      // Redis is away, and the log says so already.
      this.#waiting = [...lines, ...this.#waiting].slice(-MOST);
      this.#schedule();
    }
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function lineOf(fields: Record<string, unknown>): LogLine {
  const others = Object.entries(fields).filter(([name]) => !COMMON.has(name));
  const details = others.length === 0 ? '' : JSON.stringify(Object.fromEntries(others.map(withoutStack)));
  return {
    time: typeof fields.time === 'string' ? Date.parse(fields.time) : Date.now(),
    level: Number(fields.level),
    message: String(fields.msg ?? '')
      .replace(SECRET, '$1[redacted]')
      .slice(0, DETAILS_MAX),
    details: details.replace(SECRET, '$1[redacted]').slice(0, DETAILS_MAX),
  };
}

/** Of an error what it says; where in the program it was thrown is for the log itself. */
function withoutStack([name, value]: [string, unknown]): [string, unknown] {
  if (typeof value !== 'object' || value === null || !('stack' in value)) return [name, value];
  const { stack: _stack, ...rest } = value;
  return [name, rest];
}
