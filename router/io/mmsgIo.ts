import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { ADDRESS_BYTES, encodeAddress } from '../../common/net/socketAddress.ts';
import { EpollLoop } from './epollLoop.ts';
import { type Libc, linux } from './libc.ts';
import { MessageBatch } from './messageBatch.ts';
import { PacketBlocks } from './packetBlocks.ts';
import {
  BUFFER_BYTES,
  type ConnectedEvents,
  type ConnectedSocket,
  type PacketIo,
  type Peer,
  type Place,
} from './packetIo.ts';
import { type NamedPeer, PeerTable } from './peerTable.ts';
import { systemError } from './systemError.ts';

const BATCH = 64;
/** So many of a socket in a turn: others have theirs. */
const MOST_BATCHES = 8;
const MOST_OF_WORKER = 64;
const PACKET_BYTES = 2_048;

/** Linux's own calls: recvmmsg(2) and sendmmsg(2) for the router's port, without Node's costs of each packet. */
export class MmsgIo implements PacketIo {
  readonly kind = 'mmsg';
  readonly port: number;
  readonly #libc: Libc;
  readonly #socket: number;
  readonly #isV6: boolean;
  readonly #loop: EpollLoop;
  readonly #incoming: MessageBatch;
  readonly #outgoing: MessageBatch;
  readonly #peers = new PeerTable();
  readonly #blocks = new PacketBlocks();
  readonly #packet = Buffer.allocUnsafeSlow(PACKET_BYTES);
  readonly #connected = new Set<ConnectedSocket>();
  #listener: (packet: Buffer, peer: Peer) => void = () => undefined;
  #waiting = 0;
  #closed = false;

  /** @param place port 0: any free one. Throws the system's error when it cannot be bound */
  static open(libc: Libc, { bind, port }: { bind: string; port: number }): MmsgIo {
    const socket = libc.socket(familyOf(bind), linux.SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
    if (socket < 0) throw systemError('socket', libc.errno());
    const size = Buffer.alloc(4);
    size.writeInt32LE(BUFFER_BYTES);
    for (const option of [linux.SO_RCVBUF, linux.SO_SNDBUF]) libc.setsockopt(socket, linux.SOL_SOCKET, option, size, 4);
    const address = encodeAddress(bind, port);
    if (libc.bind(socket, address, address.length) < 0) {
      const error = systemError('bind', libc.errno());
      libc.close(socket);
      throw error;
    }
    return new MmsgIo(libc, socket, isIPv6(bind));
  }

  private constructor(libc: Libc, socket: number, isV6: boolean) {
    this.#libc = libc;
    this.#socket = socket;
    this.#isV6 = isV6;
    const name = Buffer.alloc(ADDRESS_BYTES);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(name.length);
    libc.getsockname(socket, name, length);
    this.port = name.readUInt16BE(2);
    this.#incoming = new MessageBatch(libc, BATCH);
    this.#outgoing = new MessageBatch(libc, BATCH);
    this.#loop = new EpollLoop(libc, () => this.#flush());
    this.#loop.add(socket, () => this.#receive());
  }

  get buffers(): { receive: number; send: number } {
    return { receive: this.#bufferSize(linux.SO_RCVBUF), send: this.#bufferSize(linux.SO_SNDBUF) };
  }

  onPacket(listener: (packet: Buffer, peer: Peer) => void): void {
    this.#listener = listener;
  }

  send(packet: Buffer, peer: Peer): void {
    if (this.#waiting === 0) queueMicrotask(() => this.#flush());
    this.#outgoing.put(this.#waiting, packet, (peer as Partial<NamedPeer>).name ?? this.#nameOf(peer));
    this.#waiting += 1;
    if (this.#waiting === BATCH) this.#flush();
  }

  connect(place: Place, events: ConnectedEvents): ConnectedSocket {
    const libc = this.#libc;
    let socket: number | undefined;
    let closed = this.#closed;
    const fail = (error: Error): void => {
      if (!closed) queueMicrotask(() => closed || events.onError(error));
    };
    const read = (): number => {
      let packets = 0;
      while (socket !== undefined && packets < MOST_OF_WORKER) {
        const length = libc.recv(socket, this.#packet, PACKET_BYTES, linux.MSG_DONTWAIT);
        if (length < 0) {
          const errno = libc.errno();
          if (errno !== linux.EAGAIN) fail(systemError('recv', errno));
          break;
        }
        packets += 1;
        events.onPacket(this.#blocks.copy(this.#packet, 0, length));
      }
      return packets;
    };
    const open = (address: string): void => {
      if (closed) return;
      try {
        socket = this.#openConnected(address, place.port, read);
        events.onConnected();
      } catch (error) {
        fail(error as Error);
      }
    };
    const handle: ConnectedSocket = {
      send: packet => {
        if (socket === undefined || libc.send(socket, packet, packet.length, linux.MSG_DONTWAIT) >= 0) return;
        const errno = libc.errno();
        if (errno !== linux.EAGAIN) fail(systemError('send', errno));
      },
      close: () => {
        closed = true;
        this.#connected.delete(handle);
        if (socket === undefined) return;
        this.#loop.remove(socket);
        libc.close(socket);
        socket = undefined;
      },
    };
    this.#connected.add(handle);
    if (isIP(place.host) !== 0) queueMicrotask(() => open(place.host));
    else void lookup(place.host).then(({ address }) => open(address), fail);
    return handle;
  }

  /** May be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    for (const socket of [...this.#connected]) socket.close();
    this.#loop.close();
    this.#libc.close(this.#socket);
  }

  #openConnected(address: string, port: number, read: () => number): number {
    const libc = this.#libc;
    const socket = libc.socket(familyOf(address), linux.SOCK_DGRAM_NONBLOCK_CLOEXEC, 0);
    if (socket < 0) throw systemError('socket', libc.errno());
    const name = encodeAddress(address, port);
    try {
      if (libc.connect(socket, name, name.length) < 0) throw systemError('connect', libc.errno());
      this.#loop.add(socket, read);
      return socket;
    } catch (error) {
      libc.close(socket);
      throw error;
    }
  }

  #receive(): number {
    const { headers, names, slots } = this.#incoming;
    let packets = 0;
    for (let batch = 0; batch < MOST_BATCHES && !this.#closed; batch += 1) {
      const count = this.#libc.recvmmsg(this.#socket, headers, BATCH, linux.MSG_DONTWAIT, null);
      for (let i = 0; i < count && !this.#closed; i += 1) {
        const length = this.#incoming.lengthOf(i);
        if (length === undefined) continue;
        const packet = this.#blocks.copy(slots, this.#incoming.begin(i), length);
        this.#listener(packet, this.#peers.get(names, this.#incoming.nameBegin(i)));
      }
      packets += Math.max(0, count);
      if (count < BATCH) break;
    }
    return packets;
  }

  #flush(): void {
    const count = this.#waiting;
    this.#waiting = 0;
    if (this.#closed) return;
    for (let sent = 0; sent < count; ) {
      const headers = this.#outgoing.from(sent);
      const done = this.#libc.sendmmsg(this.#socket, headers, count - sent, linux.MSG_DONTWAIT);
      if (done < 0 && this.#libc.errno() === linux.EAGAIN) return;
      // What one caller's address does to a send is no matter of the others.
      sent += Math.max(1, done);
    }
  }

  #nameOf({ address, port }: Peer): Buffer {
    return encodeAddress(this.#isV6 && !isIPv6(address) ? `::ffff:${address}` : address, port);
  }

  #bufferSize(option: number): number {
    const value = Buffer.alloc(4);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(4);
    this.#libc.getsockopt(this.#socket, linux.SOL_SOCKET, option, value, length);
    // Twice what was granted (socket(7)).
    return value.readInt32LE() / 2;
  }
}

const familyOf = (address: string): number => (isIPv6(address) ? linux.AF_INET6 : linux.AF_INET);
