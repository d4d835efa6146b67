import { type FileHandle, open, stat } from 'node:fs/promises';
import koffi from 'koffi';

const LOCK_EXCLUSIVE = 2;
const LOCK_NO_WAIT = 4;

/** A file that this process holds until it lets go of it or ends, however it ends. */
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
 * Holds a file against all processes of this host that try the same, in whatever container they run; the kernel lets go
 * of it when the process dies, and not while it is only frozen. Undefined when it is held already, or there is no such
 * file and `create` is false. Throws when the file system has no locks.
 */
export async function holdFile(path: string, create: boolean): Promise<HeldFile | undefined> {
  for (;;) {
    const handle = await openIfThere(path, create);
    if (!handle) return undefined;
    if (flock()(handle.fd, LOCK_EXCLUSIVE | LOCK_NO_WAIT) !== 0) {
      const { EWOULDBLOCK } = koffi.os.errno;
      const errno = koffi.errno();
      await handle.close();
      if (errno === EWOULDBLOCK) return undefined;
      throw new Error(`${path} cannot be locked (errno ${errno}): the file system of SPOOL_DIR must know flock`);
    }
    // Whoever held it before may have removed it in between: then this is another file by now.
    if (await isSame(handle, path)) return { release: () => handle.close() };
    await handle.close();
  }
}

async function openIfThere(path: string, create: boolean): Promise<FileHandle | undefined> {
  try {
    return await open(path, create ? 'a' : 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function isSame(handle: FileHandle, path: string): Promise<boolean> {
  const [held, there] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
  return there !== undefined && held.ino === there.ino && held.dev === there.dev;
}
