import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

const LOCK_EXCLUSIVE = 2;
const LOCK_NO_WAIT = 4;
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** A file that this process holds until it releases it or ends, in whatever way. */
export interface HeldFile {
  release(): Promise<void>;
}

type Flock = (fd: number, operation: number) => number;
let loaded: Flock | undefined;

/** flock(2) of the C library, loaded on the first call. Node has none of its own. */
function flock(): Flock {
  loaded ??= koffi.load(null).func('int flock(int fd, int operation)') as unknown as Flock;
  return loaded;
}

/**
 * Holds a file against all others of this host that try the same, in any process or container. The kernel releases it when
 * the process dies, and not while it is frozen. Undefined when another one holds it, or `create` is false and there is no
 * such file. Throws the errors of open(2), and those of flock(2): ENOLCK or EOPNOTSUPP on a file system without locks.
 */
export async function holdFile(path: string, create: boolean): Promise<HeldFile | undefined> {
  for (;;) {
    const handle = await openFile(path, create);
    if (!handle) return undefined;
    if (flock()(handle.fd, LOCK_EXCLUSIVE | LOCK_NO_WAIT) !== 0) {
      const errno = koffi.errno();
      await handle.close();
      if (errno === koffi.os.errno.EWOULDBLOCK) return undefined;
      throw notLocked(path, errno);
    }
    // The last holder may have removed it after it was opened here. Then the path is another file, or none.
    if (await isSame(handle, path)) return { release: () => handle.close() };
    await handle.close();
  }
}

async function openFile(path: string, create: boolean): Promise<FileHandle | undefined> {
  const mode = create ? O_WRONLY | O_APPEND | O_CREAT : O_RDONLY;
  try {
    return await open(path, mode | O_NOFOLLOW);
  } catch (error) {
    if (!create && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function isSame(handle: FileHandle, path: string): Promise<boolean> {
  const [held, found] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
  return found !== undefined && held.ino === found.ino && held.dev === found.dev;
}

function notLocked(path: string, errno: number): Error {
  const code = getSystemErrorName(-errno);
  const text = `${path} cannot be locked (${code}); its folder must be on a file system that has flock(2)`;
  return Object.assign(new Error(text), { code });
}
