/** A caller's address. An IPv4 caller of a dual-stack port is shown as IPv4. */
export interface Peer {
  address: string;
  port: number;
}

/** Where a worker listens; its host may be a name. */
export interface Place {
  host: string;
  port: number;
}

export interface ConnectedEvents {
  onConnected(): void;
  /** The packet is the listener's own, to keep and to write to. */
  onPacket(packet: Buffer): void;
  /** The port is refused (ECONNREFUSED), there is no way to the host, or its name is not known. */
  onError(error: Error): void;
}

/** A UDP socket to one place only, so that the kernel reports a refused port on it. */
export interface ConnectedSocket {
  /** Dropped while it is not connected. The packet may be written to when it returns. */
  send(packet: Buffer): void;
  /** No event follows. May be called twice. */
  close(): void;
}

/** All UDP of a router: its one port, and a socket for each caller's way to a worker. */
export interface PacketIo {
  readonly kind: 'dgram' | 'mmsg';
  readonly port: number;
  /** Bytes of the receive and the send buffer that the kernel granted. */
  readonly buffers: { receive: number; send: number };
  /** Packets that come to the port: each is the listener's own, to keep and to write to. */
  onPacket(listener: (packet: Buffer, peer: Peer) => void): void;
  /** From the port. The packet may be written to when it returns. What the network cannot take is lost. */
  send(packet: Buffer, peer: Peer): void;
  connect(place: Place, events: ConnectedEvents): ConnectedSocket;
  /** May be called twice. */
  close(): Promise<void>;
}

/** A quarter of a second of 100 streams of 8 Mb/s. */
export const BUFFER_BYTES = 4 * 1024 * 1024;
