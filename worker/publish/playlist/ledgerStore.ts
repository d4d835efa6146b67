import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Logger } from '../../../common/createLogger.ts';
import { keys } from '../../../common/redis/keys.ts';
import { LuaScript } from '../../../common/redis/luaScript.ts';
import type { Ledger } from './ledger.ts';
import { ledger } from './ledgerSchema.ts';

const TTL_SECONDS = 86_400;
const RETRY_MS = 2_000;
/** What became of a number waits for the next number, or so long: recovery asks the store for it anyway. */
const LATER_MS = 10_000;
/** Numbers that may be in use without being saved. Recovery leaves out more than these (MARGIN) after a disorderly end. */
const UNSAVED = 1;

const savedLedger = z.object({
  token: z.string(),
  /** Its owner ended in order: nothing of it was under way any more. */
  closed: z.boolean(),
  ledger,
});

export type SavedLedger = z.infer<typeof savedLedger>;

/**
 * The working copy of one stream's ledger in Redis. One write at a time, the latest wins; media never waits for it. The
 * first number in use is written at once, and from then on every second one, with what became of those before it.
 */
export class LedgerStore {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #token: string;
  readonly #log: Logger;
  readonly #script = new LuaScript(new URL('./lua/save-ledger.lua', import.meta.url));
  #wanted: { ledger: Ledger; closed: boolean } | undefined;
  #saving: Promise<void> | undefined;
  /** `nextNumber` of what was saved last. */
  #savedNumber: number | undefined;
  /** The next write, soon or after a failure. */
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param redis role `request`: fails at once while Redis is away */
  constructor(redis: Redis, streamId: string, token: string, log: Logger) {
    this.#redis = redis;
    this.#key = keys.ledger(streamId);
    this.#token = token;
    this.#log = log;
  }

  /** Undefined when there is none, when it cannot be read, or when Redis is away. */
  async load(): Promise<SavedLedger | undefined> {
    try {
      const text = await this.#redis.get(this.#key);
      return text === null ? undefined : savedLedger.parse(JSON.parse(text));
    } catch (error) {
      this.#log.warn({ err: error }, 'working copy of the ledger not read; recovering from the store alone');
      return undefined;
    }
  }

  save(ledger: Ledger, closed = false): void {
    this.#wanted = { ledger, closed };
    if (this.#stopped || this.#saving) return;
    if (this.#isUrgent()) this.#saving = this.#run();
    else this.#timer ??= this.#runAfter(LATER_MS);
  }

  /** Saves what is still to be saved, and nothing after that. Resolves also when Redis is away. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#saving;
    if (this.#wanted && !this.#stopped) await this.#run();
    this.stop();
  }

  /** Saves nothing more. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #isUrgent(): boolean {
    if (!this.#wanted || this.#wanted.closed || !this.#savedNumber) return this.#wanted !== undefined;
    return this.#wanted.ledger.nextNumber > this.#savedNumber + UNSAVED;
  }

  #runAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timer = undefined;
      if (this.#wanted && !this.#stopped) this.#saving ??= this.#run();
    }, ms);
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let failed = false;
    do failed = !(await this.#write());
    while (!failed && this.#wanted && this.#isUrgent() && !this.#stopped);
    // In the same step as the loop's last look, or a save() in between would be lost.
    this.#saving = undefined;
    if (this.#wanted && !this.#stopped) this.#timer = this.#runAfter(failed ? RETRY_MS : LATER_MS);
  }

  async #write(): Promise<boolean> {
    const saved = this.#wanted;
    if (!saved) return true;
    const text = JSON.stringify({
      token: this.#token,
      closed: saved.closed,
      ledger: saved.ledger,
    } satisfies SavedLedger);
    try {
      await this.#script.run(this.#redis, [this.#key], [this.#token, text, TTL_SECONDS]);
    } catch (error) {
      this.#log.debug({ err: error }, 'ledger not saved; retry follows');
      return false;
    }
    this.#savedNumber = saved.ledger.nextNumber;
    if (this.#wanted === saved) this.#wanted = undefined;
    return true;
  }
}
