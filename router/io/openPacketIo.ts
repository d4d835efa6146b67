import { AppError } from '../../common/errors.ts';
import { DgramIo } from './dgramIo.ts';
import { loadLibc } from './libc.ts';
import { MmsgIo } from './mmsgIo.ts';
import type { PacketIo } from './packetIo.ts';

export type IoKind = 'auto' | 'dgram' | 'mmsg';

/**
 * Opens the router's port. `::` takes IPv4 callers as well. @param place port 0: any free one
 * @param kind `auto`: mmsg where the system has it
 * @throws AppError `port_unavailable` when it cannot be bound, `dependency_missing` when `mmsg` is wanted and not there
 */
export async function openPacketIo(kind: IoKind, place: { bind: string; port: number }): Promise<PacketIo> {
  const libc = kind === 'dgram' ? undefined : loadLibc();
  if (kind === 'mmsg' && !libc) {
    throw new AppError(
      'dependency_missing',
      'ROUTER_IO=mmsg needs Linux on x64 or arm64 with glibc; set it to auto or dgram',
    );
  }
  try {
    return libc ? MmsgIo.open(libc, place) : await DgramIo.open(place);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const message = `UDP port ${place.port} on ${place.bind} could not be bound (${code}); check ROUTER_BIND and ROUTER_PORT`;
    throw new AppError('port_unavailable', message, { cause });
  }
}
