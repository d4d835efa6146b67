import { promisify } from 'node:util';
import koffi, { type LibraryHandle } from 'koffi';
import { AppError } from '../../common/errors.ts';
import { ADDRESS_BYTES } from '../../common/net/socketAddress.ts';

const MINIMUM_VERSION = 0x010500;

/** Debian and Ubuntu name the library after its TLS backend; only development packages bring a name without version. */
const NAMES = [
  'libsrt-gnutls.so.1.5',
  'libsrt.so.1.5',
  '/opt/homebrew/lib/libsrt.dylib',
  '/usr/local/lib/libsrt.dylib',
  'libsrt-gnutls.so.1.4',
  'libsrt.so.1.4',
];

const HOW_TO_INSTALL = 'install libsrt 1.5 or later (Debian: libsrt1.5-gnutls, comes with ffmpeg; Homebrew: srt)';

/** SRT_LISTEN_CALLBACK: returns exactly -1 to refuse, 0 to accept. `opaque` is what srt_listen_callback was given. */
export type ListenHook = (opaque: number, socket: number, hsVersion: number, peer: bigint, streamId: string) => 0 | -1;

/** libsrt's functions under their own names (docs/API/API-functions.md there). Sockets are numbers; -1 is an error. */
export interface Libsrt {
  srt_startup(): number;
  srt_getversion(): number;
  srt_setloglevel(level: number): void;
  srt_create_socket(): number;
  srt_bind(socket: number, address: Buffer, length: number): number;
  srt_listen_callback(socket: number, hook: bigint, opaque: number): number;
  srt_listen(socket: number, backlog: number): number;
  srt_accept(socket: number, address: Buffer, length: Buffer): number;
  /** Never on a listener from the main thread: with a hook queued it waits for ever. */
  srt_close(socket: number): number;
  srt_getsockstate(socket: number): number;
  srt_getsockflag(socket: number, option: number, value: Buffer, length: Buffer): number;
  srt_setsockflag(socket: number, option: number, value: Buffer, length: number): number;
  srt_recvmsg(socket: number, buffer: Buffer, length: number): number;
  srt_bistats(socket: number, stats: Buffer, clear: number, instantaneous: number): number;
  srt_setrejectreason(socket: number, code: number): number;
  /** Of the calling thread only, so it is not set after a call that ran on the pool. */
  srt_getlasterror(errno: Buffer): number;
  srt_getlasterror_str(): string;
  srt_epoll_create(): number;
  srt_epoll_set(epoll: number, flags: number): number;
  srt_epoll_add_usock(epoll: number, socket: number, events: Buffer): number;
  srt_epoll_remove_usock(epoll: number, socket: number): number;
  /** Fills `events` with {int32 socket, int32 events}; returns how many. */
  srt_epoll_uwait(epoll: number, events: Buffer, size: number, timeoutMs: number): number;
  srt_epoll_release(epoll: number): number;
  /** srt_close on a thread of libuv's pool: the one safe way to close a listener. */
  closeOnPool(socket: number): Promise<number>;
  /** srt_cleanup on a thread of libuv's pool; every listener must be closed before. */
  cleanupOnPool(): Promise<number>;
  /** Makes a hook that C can call. It is never unregistered: libsrt may still call it, which would end the process. */
  registerHook(hook: ListenHook): bigint;
  /** The sockaddr that a hook's `peer` points to, valid inside the hook only. */
  readAddress(peer: bigint): Uint8Array;
}

const prototypes: Record<
  Exclude<keyof Libsrt, 'closeOnPool' | 'cleanupOnPool' | 'registerHook' | 'readAddress'>,
  string
> = {
  srt_startup: 'int srt_startup()',
  srt_getversion: 'uint32_t srt_getversion()',
  srt_setloglevel: 'void srt_setloglevel(int level)',
  srt_create_socket: 'int srt_create_socket()',
  srt_bind: 'int srt_bind(int socket, const void *address, int length)',
  srt_listen_callback: 'int srt_listen_callback(int socket, void *hook, intptr_t opaque)',
  srt_listen: 'int srt_listen(int socket, int backlog)',
  srt_accept: 'int srt_accept(int socket, void *address, void *length)',
  srt_close: 'int srt_close(int socket)',
  srt_getsockstate: 'int srt_getsockstate(int socket)',
  srt_getsockflag: 'int srt_getsockflag(int socket, int option, void *value, void *length)',
  srt_setsockflag: 'int srt_setsockflag(int socket, int option, const void *value, int length)',
  srt_recvmsg: 'int srt_recvmsg(int socket, void *buffer, int length)',
  srt_bistats: 'int srt_bistats(int socket, void *stats, int clear, int instantaneous)',
  srt_setrejectreason: 'int srt_setrejectreason(int socket, int code)',
  srt_getlasterror: 'int srt_getlasterror(void *errno)',
  srt_getlasterror_str: 'const char *srt_getlasterror_str()',
  srt_epoll_create: 'int srt_epoll_create()',
  srt_epoll_set: 'int srt_epoll_set(int epoll, int flags)',
  srt_epoll_add_usock: 'int srt_epoll_add_usock(int epoll, int socket, const void *events)',
  srt_epoll_remove_usock: 'int srt_epoll_remove_usock(int epoll, int socket)',
  srt_epoll_uwait: 'int srt_epoll_uwait(int epoll, void *events, int size, int64_t timeout)',
  srt_epoll_release: 'int srt_epoll_release(int epoll)',
};

/**
 * Loads libsrt, on the first call and not before, so that everything else runs without it.
 * @param path an operator's choice; only this one is tried then
 * @throws AppError `dependency_missing`: nothing could be loaded, or only a version before 1.5
 */
export function loadLibsrt(path?: string): Libsrt {
  const names = path ? [path] : NAMES;
  for (const name of names) {
    const library = tryLoad(name);
    if (library) return bind(library, name);
  }
  throw new AppError('dependency_missing', `libsrt not found (tried ${names.join(', ')}); ${HOW_TO_INSTALL}`);
}

function tryLoad(name: string): LibraryHandle | undefined {
  try {
    return koffi.load(name);
  } catch {
    return undefined;
  }
}

function bind(library: LibraryHandle, name: string): Libsrt {
  try {
    const functions = Object.fromEntries(
      Object.entries(prototypes).map(([symbol, prototype]) => [symbol, library.func(prototype)]),
    ) as unknown as Libsrt;
    const version = functions.srt_getversion();
    if (version < MINIMUM_VERSION) {
      throw new AppError('dependency_missing', `${name} is version ${dotted(version)}; ${HOW_TO_INSTALL}`);
    }
    const close = library.func(prototypes.srt_close);
    const cleanup = library.func('int srt_cleanup()');
    const addressType = koffi.array('uint8_t', ADDRESS_BYTES, 'Typed');
    const hookType = koffi.proto(
      'int(intptr_t opaque, int socket, int version, const void *peer, const char *streamid)',
    );
    return {
      ...functions,
      closeOnPool: promisify(close.async) as (socket: number) => Promise<number>,
      cleanupOnPool: promisify(cleanup.async) as () => Promise<number>,
      readAddress: peer => koffi.decode(peer, addressType) as Uint8Array,
      registerHook: hook => koffi.register(hook, koffi.pointer(hookType)),
    };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('dependency_missing', `${name} is not a libsrt that fits; ${HOW_TO_INSTALL}`, { cause: error });
  }
}

const dotted = (version: number): string => `${version >> 16}.${(version >> 8) & 0xff}.${version & 0xff}`;
