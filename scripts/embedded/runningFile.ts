import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { processIdentity } from '../lib/processIdentity.ts';
import { waitUntil } from '../lib/waitUntil.ts';

const processRef = z.object({ pid: z.number(), identity: z.string() });

const content = processRef.extend({
  children: z.array(processRef).default([]),
  /** Where the API is, once it is ready. */
  url: z.string().optional(),
  redisUrl: z.string().optional(),
});

/** What `running.json` in a data folder says: which process uses the folder, and where its API is. */
export type Running = z.infer<typeof content>;

const ORPHANS_MS = 30_000;
const fileOf = (dataDir: string): string => join(dataDir, 'running.json');

/** The process that uses a data folder, or that used it and did not clean up; undefined: none. */
export async function readRunning(dataDir: string): Promise<Running | undefined> {
  try {
    return content.parse(JSON.parse(await readFile(fileOf(dataDir), 'utf8')));
  } catch {
    // Not there, or cut off by a crash: either way it names no process.
    return undefined;
  }
}

/** The right to use a data folder, held by this process until release(). */
export class RunningFile {
  readonly #file: string;
  readonly #state: Running;

  private constructor(file: string, state: Running) {
    this.#file = file;
    this.#state = state;
  }

  /** Throws when another process holds the folder; takes it over from one that is gone. */
  static async acquire(dataDir: string): Promise<RunningFile> {
    const file = fileOf(dataDir);
    const state: Running = { pid: process.pid, identity: processIdentity(process.pid) ?? '', children: [] };
    while (!(await createNew(file, state))) {
      const holder = await readRunning(dataDir);
      if (holder && isAlive(holder)) {
        throw new Error(
          `Livetran runs on ${dataDir} already (pid ${holder.pid}${holder.url ? `, ${holder.url}` : ''}); stop that one, or set another DATA_DIR`,
        );
      }
      await endOrphans(holder?.children ?? []);
      await rm(file, { force: true });
    }
    return new RunningFile(file, state);
  }

  async addChild(pid: number): Promise<void> {
    const identity = processIdentity(pid);
    if (identity !== undefined) this.#state.children.push({ pid, identity });
    await this.#write();
  }

  async setUrls(urls: { url: string; redisUrl: string }): Promise<void> {
    Object.assign(this.#state, urls);
    await this.#write();
  }

  async release(): Promise<void> {
    await rm(this.#file, { force: true });
  }

  async #write(): Promise<void> {
    await writeFile(`${this.#file}.tmp`, JSON.stringify(this.#state), { mode: 0o600 });
    await rename(`${this.#file}.tmp`, this.#file);
  }
}

const isAlive = ({ pid, identity }: z.infer<typeof processRef>): boolean => processIdentity(pid) === identity;

/** A link fails when its target exists, which a rename does not; and the file is never seen half written. */
async function createNew(file: string, state: Running): Promise<boolean> {
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(state), { mode: 0o600 });
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Parts of a run whose parent was killed end by themselves (childProcess.ts); two of them must not share the folder. */
async function endOrphans(children: Running['children']): Promise<void> {
  const alive = (): Running['children'] => children.filter(isAlive);
  try {
    await waitUntil('the end of the last run', () => alive().length === 0, { timeoutMs: ORPHANS_MS });
  } catch {
    for (const { pid } of alive()) process.kill(-pid, 'SIGKILL');
  }
}
