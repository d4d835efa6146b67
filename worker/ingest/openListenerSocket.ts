import { isIPv6 } from 'node:net';
import { constants } from 'node:os';
import { AppError } from '../../common/errors.ts';
import { encodeAddress } from '../../common/net/socketAddress.ts';
import type { Libsrt } from './libsrt.ts';
import { setBool, setInt, srtOptions } from './srtOptions.ts';

const BACKLOG = 4;
/** Links that reorder packets cost needless retransmissions below this. */
const REORDER_PACKETS = 40;
const ECONNSETUP = 1003;
const EDUPLISTEN = 5011;
const EBINDCONFLICT = 5015;

/**
 * Makes an SRT socket that listens, in non-blocking mode; what it accepts inherits its options. The hook gets the
 * socket's own number as `opaque`.
 * @throws AppError `port_unavailable` when the port is in use, else `listener_error`
 */
export function openListenerSocket(
  libsrt: Libsrt,
  place: { bind: string; port: number; latencyMs: number },
  hook: bigint,
): number {
  const address = encodeAddress(place.bind, place.port);
  const socket = libsrt.srt_create_socket();
  if (socket === -1) throw listenError(libsrt, place);
  const listening =
    setBool(libsrt, socket, srtOptions.RCVSYN, false) &&
    setInt(libsrt, socket, srtOptions.RCVLATENCY, place.latencyMs) &&
    setInt(libsrt, socket, srtOptions.LOSSMAXTTL, REORDER_PACKETS) &&
    // 0: `::` takes IPv4 callers as well.
    (!isIPv6(place.bind) || setInt(libsrt, socket, srtOptions.IPV6ONLY, 0)) &&
    libsrt.srt_bind(socket, address, address.length) === 0 &&
    libsrt.srt_listen_callback(socket, hook, socket) === 0 &&
    libsrt.srt_listen(socket, BACKLOG) === 0;
  if (listening) return socket;
  const error = listenError(libsrt, place);
  // It never listened, so no hook can be queued for it: closing it here cannot wait.
  libsrt.srt_close(socket);
  return raise(error);
}

function raise(error: AppError): never {
  throw error;
}

function listenError(libsrt: Libsrt, { bind, port }: { bind: string; port: number }): AppError {
  const place = `UDP port ${port} on ${bind}`;
  const errnoBytes = Buffer.alloc(4);
  const code = libsrt.srt_getlasterror(errnoBytes);
  const text = libsrt.srt_getlasterror_str();
  const errno = code === ECONNSETUP ? errnoBytes.readInt32LE() : 0;
  if (errno === constants.errno.EADDRINUSE || code === EDUPLISTEN || code === EBINDCONFLICT) {
    return new AppError('port_unavailable', `${place} is in use already; free it, or take it out of SRT_PORTS`);
  }
  if (errno === constants.errno.EADDRNOTAVAIL) {
    return new AppError('listener_error', `${bind} is not an address of this host; set SRT_BIND to one, or to 0.0.0.0`);
  }
  if (errno === constants.errno.EACCES) {
    return new AppError(
      'listener_error',
      `${place} needs privileges that this process lacks; set SRT_PORTS above 1023`,
    );
  }
  const detail = `${text}, libsrt code ${code}, errno ${errno}`;
  return new AppError(
    'listener_error',
    `${place} could not be opened for SRT (${detail}); check SRT_BIND and SRT_PORTS`,
  );
}
