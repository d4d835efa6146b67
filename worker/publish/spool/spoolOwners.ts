import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type HeldFile, holdFile } from './heldFile.ts';

const PREFIX = '.owner-';

/**
 * Which processes of this host write into a spool: each holds a file `.owner-<id>` in it for as long as it lives. So an
 * epoch's owner is known to be dead at once, without Redis and without waiting for a silence, and a process that is
 * only frozen is not taken for dead.
 */
export class SpoolOwners {
  readonly #dir: string;
  #own: { name: string; file: HeldFile } | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** This process's mark; undefined before hold(). */
  get own(): string | undefined {
    return this.#own?.name;
  }

  async hold(): Promise<void> {
    const name = `${PREFIX}${randomUUID()}`;
    const file = await holdFile(join(this.#dir, name), true);
    if (file) this.#own = { name, file };
  }

  async release(): Promise<void> {
    const own = this.#own;
    if (!own) return;
    this.#own = undefined;
    await rm(join(this.#dir, own.name), { force: true });
    await own.file.release();
  }

  /** The marks of living processes; those of dead ones are removed. */
  async alive(): Promise<Set<string>> {
    const names = (await readdir(this.#dir)).filter(name => name.startsWith(PREFIX));
    const alive = await Promise.all(names.map(async name => ((await this.#isAlive(name)) ? [name] : [])));
    return new Set(alive.flat());
  }

  async #isAlive(name: string): Promise<boolean> {
    if (name === this.own) return true;
    const path = join(this.#dir, name);
    const file = await holdFile(path, false);
    if (!file) return true;
    // Removed while it is held, so that nobody takes a new mark for the dead one.
    await rm(path, { force: true });
    await file.release();
    return false;
  }
}
