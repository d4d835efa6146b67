import { randomUUID } from 'node:crypto';
import { lstat, readFile, readlink, symlink, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from './errorCode.ts';

export interface LockOptions {
  /** How long to wait for another holder, ms. */
  waitMs: number;
  signal?: AbortSignal | undefined;
}

/** Thrown when the lock stayed taken. */
export class LockTimeout extends Error {
  override readonly name = 'LockTimeout';
}

/** A holder whose life we cannot see (another container or host) is taken for dead after this. */
const foreignHolderMs = 30_000;

/**
 * Runs `work` while holding `path` as a lock against every process of this machine. The lock is a symbolic link whose
 * target names the holder: made in one step, so it never exists without its name. A holder that has died is cleared away.
 */
export async function withFileLock<Result>(
  path: string,
  options: LockOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + options.waitMs;
  const owner = await ownName();
  while (!(await take(path, owner))) {
    options.signal?.throwIfAborted();
    if (await breakIfDead(path, options)) continue;
    if (performance.now() > deadline) throw new LockTimeout(`${path} stayed locked for ${options.waitMs} ms`);
    await sleep(1 + Math.random() * 9);
  }
  try {
    return await work();
  } finally {
    // Unless someone took us for dead and the lock is theirs by now.
    if ((await readHolder(path)) === owner) await unlink(path);
  }
}

async function take(path: string, owner: string): Promise<boolean> {
  try {
    await symlink(owner, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Clears away the lock of a dead holder. Two that see the same dead holder must not both do it, or the second would
 * remove the fresh lock of whoever came between: so the clearing itself is done under a lock, and looks again.
 */
export async function breakIfDead(path: string, options: LockOptions): Promise<boolean> {
  const holder = await readHolder(path);
  if (holder === undefined) return true;
  if (!(await isDead(path, holder))) return false;
  await withFileLock(`${path}.b`, options, async () => {
    if ((await readHolder(path)) === holder) await unlink(path);
  });
  return true;
}

async function readHolder(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function isDead(path: string, holder: string): Promise<boolean> {
  const [space, pid, born] = holder.split('|');
  if (space !== (await processSpace())) {
    const made = await lstat(path).catch(() => undefined);
    return made !== undefined && Date.now() - made.mtimeMs > foreignHolderMs;
  }
  const found = await birthOf(Number(pid));
  return found === 'dead' || (found !== 'alive' && found !== born);
}

/** `<space>|<pid>|<birth>|<nonce>`: a pid alone may by now be another process, or one of another container. */
async function ownName(): Promise<string> {
  return [await processSpace(), process.pid, await birthOf(process.pid), randomUUID()].join('|');
}

/** What a pid is unique in: the host and, on Linux, its pid namespace. */
async function processSpace(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${hostname()}${namespace}`.replaceAll('|', '-');
}

/** When a process started (clock ticks since boot, field 22 of proc_pid_stat(5)); `alive` where that can't be read. */
async function birthOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat !== undefined) {
    // Field 2 is the program's name in brackets, and may itself hold spaces and brackets: count from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A killed process stays as a zombie until its parent looks; it writes nothing any more.
    return fields[0] === 'Z' || fields[0] === 'X' ? 'dead' : (fields[19] ?? 'alive');
  }
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch (error) {
    return errorCode(error) === 'EPERM' ? 'alive' : 'dead';
  }
}
