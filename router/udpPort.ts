import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { AppError } from '../common/errors.ts';
import type { Peer } from './flow/flowTable.ts';

/** A quarter of a second of 100 streams of 8 Mb/s. */
const BUFFER_BYTES = 4 * 1024 * 1024;

/** The router's one UDP port. */
export class UdpPort {
  readonly port: number;
  readonly #socket: Socket;

  /**
   * Opens the port. `::` takes IPv4 callers as well. @param port 0: any free one
   * @throws AppError `port_unavailable` when it cannot be bound
   */
  static async open(place: { bind: string; port: number }): Promise<UdpPort> {
    const socket = createSocket({
      type: isIPv6(place.bind) ? 'udp6' : 'udp4',
      recvBufferSize: BUFFER_BYTES,
      sendBufferSize: BUFFER_BYTES,
      // Only addresses are sent to; Node would look each of them up, in another turn of the event loop.
      lookup: (address, _options, done) => done(null, address, isIPv6(address) ? 6 : 4),
    });
    try {
      const listening = once(socket, 'listening');
      socket.bind(place.port, place.bind);
      await listening;
    } catch (cause) {
      socket.close();
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
      const message = `UDP port ${place.port} on ${place.bind} could not be bound (${code}); check ROUTER_BIND and ROUTER_PORT`;
      throw new AppError('port_unavailable', message, { cause });
    }
    return new UdpPort(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    // What one caller's address does to a send is no matter of the others.
    socket.on('error', () => undefined);
  }

  /** The command that raises the kernel's limit; undefined when the buffer is as large as it was asked for. */
  get bufferAdvice(): string | undefined {
    // Linux reports twice what was granted (socket(7)).
    const granted = this.#socket.getRecvBufferSize() / (process.platform === 'linux' ? 2 : 1);
    return granted >= BUFFER_BYTES ? undefined : `sysctl -w net.core.rmem_max=${BUFFER_BYTES}`;
  }

  onPacket(listener: (packet: Buffer, peer: Peer) => void): void {
    this.#socket.on('message', listener);
  }

  send(packet: Buffer, { address, port }: Peer): void {
    this.#socket.send(packet, port, address, () => undefined);
  }

  /** Packets that the kernel dropped because the buffer was full (proc(5), /proc/net/udp); 0 where that is not known. */
  kernelDrops(): number {
    try {
      const end = `:${this.port.toString(16).toUpperCase().padStart(4, '0')}`;
      const table = readFileSync('/proc/self/net/udp', 'utf8') + readFileSync('/proc/self/net/udp6', 'utf8');
      const lines = table.split('\n').map(line => line.trim().split(/\s+/));
      return lines.reduce((sum, line) => sum + (line[1]?.endsWith(end) ? Number(line.at(-1)) || 0 : 0), 0);
    } catch {
      return 0;
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}
