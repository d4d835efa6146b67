import { fstatSync, readlinkSync } from 'node:fs';

/** The inode of the socket that a descriptor of this process leads to; undefined: it is no socket, or not open. */
export function socketInode(fd: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
  } catch {
    // Closed in the meantime.
    return undefined;
  }
}

/**
 * Puts another file in the place of a descriptor, unless that leads to something else than the socket `inode` by now.
 * @param swap dup3(2) onto the descriptor; called at once after the check
 * @returns whether it was replaced
 */
export function replaceSocket(fd: string, inode: string, swap: (fd: number) => void): boolean {
  const number = Number(fd);
  try {
    const stat = fstatSync(number, { bigint: true });
    if (!isSocket(Number(stat.mode)) || stat.ino !== BigInt(inode)) return false;
  } catch {
    return false;
  }
  swap(number);
  return true;
}

const S_IFMT = 0o170000;
const S_IFSOCK = 0o140000;
const isSocket = (mode: number): boolean => (mode & S_IFMT) === S_IFSOCK;
