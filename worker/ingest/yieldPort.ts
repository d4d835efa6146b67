import { readdirSync, readFileSync } from 'node:fs';
import koffi from 'koffi';
import { replaceSocket, socketInode } from './replaceSocket.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
/** libsrt's receiver goes on reading the descriptor; it must neither hang nor spin. */
const READ_MICROSECONDS = 10_000n;

/**
 * libsrt closes a descriptor three seconds after its socket at the earliest (COMM_CLOSE_BROKEN_LISTENER_TIMEOUT). Before
 * that no other file can have its number, however busy the threads are that open files.
 */
const SAFE_MS = 2_500;

interface Calls {
  socket(family: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, size: number): number;
  dup3(from: number, to: number, flags: number): number;
  close(fd: number): number;
}
let loaded: Calls | undefined;

/**
 * Frees a UDP port that libsrt has closed and still holds: it keeps the descriptor for about five seconds (its garbage
 * collection) in which no other process can bind. Another socket without a port takes the descriptor's place (dup3(2)), and
 * libsrt closes that in its time. Call it when all that used the port is closed. Only on Linux.
 * @param closingSince `performance.now()` before the first of its sockets was closed; when that is too long ago, nothing is
 *   freed, since the descriptor may be another file's
 * @returns whether libsrt is done with the port, asked anew each time: until then this process must not open it again,
 *   since libsrt would go on with the socket that it has. Undefined: nothing was freed
 */
export function yieldPort(port: number, closingSince: number): (() => boolean) | undefined {
  const isSafe = () => performance.now() - closingSince < SAFE_MS;
  if (process.platform !== 'linux' || !isSafe()) return undefined;
  const held = descriptors(socketsOn(port));
  if (held.length === 0) return undefined;
  const c = calls();
  const fresh = c.socket(AF_INET, SOCK_DGRAM | CLOEXEC, 0);
  if (fresh < 0) return undefined;
  try {
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(READ_MICROSECONDS, 8);
    c.setsockopt(fresh, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
    const inode = socketInode(String(fresh)) ?? '';
    const swap = (fd: number) => void c.dup3(fresh, fd, CLOEXEC);
    const replaced = held.filter(({ fd, inode: old }) => isSafe() && replaceSocket(fd, old, swap));
    return replaced.length === 0 ? undefined : () => replaced.every(({ fd }) => socketInode(fd) !== inode);
  } finally {
    c.close(fresh);
  }
}

/** Inodes of the UDP sockets of this network namespace that are bound to the port (proc(5), /proc/net/udp). */
function socketsOn(port: number): Set<string> {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = ['udp', 'udp6'].flatMap(name => readFileSync(`/proc/self/net/${name}`, 'utf8').split('\n').slice(1));
  const fields = lines.map(line => line.trim().split(/\s+/));
  return new Set(fields.flatMap(([, local, , , , , , , , inode]) => (local?.endsWith(end) && inode ? [inode] : [])));
}

/** This process's descriptors of those sockets. */
const descriptors = (inodes: ReadonlySet<string>): { fd: string; inode: string }[] =>
  readdirSync('/proc/self/fd').flatMap(fd => {
    const inode = socketInode(fd);
    return inode !== undefined && inodes.has(inode) ? [{ fd, inode }] : [];
  });

function calls(): Calls {
  if (loaded) return loaded;
  const c = koffi.load(null);
  loaded = {
    socket: c.func('int socket(int domain, int type, int protocol)'),
    setsockopt: c.func('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t size)'),
    dup3: c.func('int dup3(int from, int to, int flags)'),
    close: c.func('int close(int fd)'),
  } as unknown as Calls;
  return loaded;
}
