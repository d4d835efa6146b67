import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import {
  BUFFER_BYTES,
  type ConnectedEvents,
  type ConnectedSocket,
  type PacketIo,
  type Peer,
  type Place,
} from './packetIo.ts';

const MAPPED = '::ffff:';

/** Node's own UDP: on every system, woken by each packet. */
export class DgramIo implements PacketIo {
  readonly kind = 'dgram';
  readonly port: number;
  readonly #socket: Socket;
  readonly #isV6: boolean;
  #closed = false;

  /** @param place port 0: any free one. Rejects with the system's error when it cannot be bound */
  static async open(place: { bind: string; port: number }): Promise<DgramIo> {
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
    } catch (error) {
      socket.close();
      throw error;
    }
    return new DgramIo(socket, isIPv6(place.bind));
  }

  private constructor(socket: Socket, isV6: boolean) {
    this.#socket = socket;
    this.#isV6 = isV6;
    this.port = socket.address().port;
    // What one caller's address does to a send is no matter of the others.
    socket.on('error', () => undefined);
  }

  get buffers(): { receive: number; send: number } {
    // Linux reports twice what was granted (socket(7)).
    const share = process.platform === 'linux' ? 2 : 1;
    return {
      receive: this.#socket.getRecvBufferSize() / share,
      send: this.#socket.getSendBufferSize() / share,
    };
  }

  onPacket(listener: (packet: Buffer, peer: Peer) => void): void {
    this.#socket.on('message', (packet: Buffer, from: RemoteInfo) => {
      const mapped = this.#isV6 && from.address.startsWith(MAPPED);
      listener(packet, mapped ? { address: from.address.slice(MAPPED.length), port: from.port } : from);
    });
  }

  send(packet: Buffer, { address, port }: Peer): void {
    const to = this.#isV6 && !address.includes(':') ? MAPPED + address : address;
    this.#socket.send(packet, port, to, () => undefined);
  }

  connect({ host, port }: Place, events: ConnectedEvents): ConnectedSocket {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    let state: 'connecting' | 'connected' | 'closed' = 'connecting';
    const onError = (error: Error): void => {
      if (state !== 'closed') events.onError(error);
    };
    const onSent = (error: Error | null): void => {
      if (error) onError(error);
    };
    socket.on('error', onError);
    socket.on('message', packet => {
      if (state !== 'closed') events.onPacket(packet);
    });
    socket.on('connect', () => {
      if (state === 'closed') return;
      state = 'connected';
      events.onConnected();
    });
    socket.connect(port, host);
    return {
      send: packet => {
        if (state === 'connected') socket.send(packet, onSent);
      },
      close: () => {
        if (state === 'closed') return;
        state = 'closed';
        socket.close();
      },
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}
