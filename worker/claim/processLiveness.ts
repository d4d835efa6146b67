import { randomUUID } from 'node:crypto';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type HeldFile, holdFile } from '../../common/heldFile.ts';

const PREFIX = '.owner-';
const SIGN_MS = 1_000;
/** Longer than an event loop is ever busy. */
const FROZEN_MS = 4_000;

/**
 * Which processes of this host write into a spool: each holds a file `.owner-<id>` in it for as long as it lives. So an
 * epoch's owner is known to be dead at once, without Redis and without waiting for a silence, and a process that is
 * only frozen is not taken for dead.
 */
export class ProcessLiveness {
  readonly #dir: string;
  readonly #dead: string[] = [];
  #onDead: ((mark: string) => void) | undefined;
  #own: { name: string; file: HeldFile; timer: NodeJS.Timeout } | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** This process's mark; undefined before hold(). */
  get own(): string | undefined {
    return this.#own?.name;
  }

  async hold(): Promise<void> {
    while (!this.#own) {
      const name = `${PREFIX}${randomUUID()}`;
      const file = await holdFile(join(this.#dir, name), true);
      // Undefined: another process tried it in the moment between its making and its lock, and is about to remove it.
      if (file) this.#own = { name, file, timer: setInterval(() => void this.#sign(name), SIGN_MS) };
    }
  }

  /** Whether a living process has stopped running (SIGSTOP, a host that swaps): its mark is held, and not signed. */
  async isFrozen(mark: string): Promise<boolean> {
    try {
      return Date.now() - (await stat(join(this.#dir, mark))).mtimeMs > FROZEN_MS;
    } catch {
      // Gone: dead, or never of this host.
      return false;
    }
  }

  /** Calls back with the mark of each process that was or is found dead; of all processes of the host one finds it. */
  onDead(listener: (mark: string) => void): void {
    this.#onDead = listener;
    for (const mark of this.#dead.splice(0)) listener(mark);
  }

  async release(): Promise<void> {
    const own = this.#own;
    if (!own) return;
    this.#own = undefined;
    clearInterval(own.timer);
    await rm(join(this.#dir, own.name), { force: true });
    await own.file.release();
  }

  /** The marks of living processes; those of dead ones are removed. */
  async alive(): Promise<Set<string>> {
    const names = (await readdir(this.#dir)).filter(name => name.startsWith(PREFIX));
    const alive = await Promise.all(names.map(async name => ((await this.#isAlive(name)) ? [name] : [])));
    return new Set(alive.flat());
  }

  async #sign(name: string): Promise<void> {
    const now = new Date();
    // A spool that is gone or full is noticed by those who write to it.
    await utimes(join(this.#dir, name), now, now).catch(() => undefined);
  }

  async #isAlive(name: string): Promise<boolean> {
    if (name === this.own) return true;
    const path = join(this.#dir, name);
    const file = await holdFile(path, false);
    if (!file) return true;
    // Removed while it is held, so that a new mark is not mistaken for the dead one.
    await rm(path, { force: true });
    await file.release();
    if (this.#onDead) this.#onDead(name);
    else this.#dead.push(name);
    return false;
  }
}
