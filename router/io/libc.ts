import koffi from 'koffi';

/** What C calls mean by numbers: Linux on x64 and arm64. */
export const linux = {
  AF_INET: 2,
  AF_INET6: 10,
  SOCK_DGRAM_NONBLOCK_CLOEXEC: 2 | 0o4000 | 0o2000000,
  SOL_SOCKET: 1,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  EPOLL_CTL_ADD: 1,
  EPOLL_CLOEXEC: 0o2000000,
  EPOLLIN: 1,
  EAGAIN: 11,
} as const;

/** The C library's functions, under their names. Sockets are numbers; -1 is an error, whose number is in `errno()`. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(socket: number, address: Buffer, length: number): number;
  connect(socket: number, address: Buffer, length: number): number;
  getsockname(socket: number, address: Buffer, length: Buffer): number;
  setsockopt(socket: number, level: number, option: number, value: Buffer, length: number): number;
  getsockopt(socket: number, level: number, option: number, value: Buffer, length: Buffer): number;
  send(socket: number, packet: Buffer, length: number, flags: number): number;
  recv(socket: number, buffer: Buffer, length: number, flags: number): number;
  recvmmsg(socket: number, messages: Buffer, count: number, flags: number, timeout: null): number;
  sendmmsg(socket: number, messages: Buffer, count: number, flags: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, socket: number, event: Buffer): number;
  epoll_wait(epoll: number, events: Buffer, count: number, timeoutMs: number): number;
  close(socket: number): number;
  /** Of the last call that failed. */
  errno(): number;
  /** Where a buffer's bytes are. The buffer must not be let go of meanwhile, and must not be from a pool. */
  addressOf(buffer: Buffer): bigint;
}

const prototypes: Record<Exclude<keyof Libc, 'errno' | 'addressOf'>, string> = {
  socket: 'int socket(int family, int type, int protocol)',
  bind: 'int bind(int socket, const void *address, uint32_t length)',
  connect: 'int connect(int socket, const void *address, uint32_t length)',
  getsockname: 'int getsockname(int socket, void *address, void *length)',
  setsockopt: 'int setsockopt(int socket, int level, int option, const void *value, uint32_t length)',
  getsockopt: 'int getsockopt(int socket, int level, int option, void *value, void *length)',
  send: 'intptr_t send(int socket, const void *packet, size_t length, int flags)',
  recv: 'intptr_t recv(int socket, void *buffer, size_t length, int flags)',
  recvmmsg: 'int recvmmsg(int socket, void *messages, uint32_t count, int flags, void *timeout)',
  sendmmsg: 'int sendmmsg(int socket, void *messages, uint32_t count, int flags)',
  epoll_create1: 'int epoll_create1(int flags)',
  epoll_ctl: 'int epoll_ctl(int epoll, int operation, int socket, void *event)',
  epoll_wait: 'int epoll_wait(int epoll, void *events, int count, int timeout)',
  close: 'int close(int socket)',
};

/** Loads what is needed for many packets in one call. Undefined where the system has it not: only Linux does, on x64 and arm64. */
export function loadLibc(): Libc | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined;
  try {
    const library = koffi.load('libc.so.6');
    const functions = Object.fromEntries(
      Object.entries(prototypes).map(([name, prototype]) => [name, library.func(prototype)]),
    ) as unknown as Libc;
    return { ...functions, errno: () => koffi.errno(), addressOf: buffer => koffi.address(buffer) };
  } catch {
    return undefined;
  }
}
