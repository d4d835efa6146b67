import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The TCP connections of a server. Node counts one that has not brought a request as busy, and does not count one without a
 * finished TLS handshake at all: closeIdleConnections() ends neither.
 */
export class OpenSockets {
  readonly #unused = new Map<string, Socket>();
  readonly #all = new Set<Socket>();

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      const peer = peerOf(socket);
      this.#all.add(socket);
      this.#unused.set(peer, socket);
      socket.once('close', () => {
        this.#all.delete(socket);
        if (this.#unused.get(peer) === socket) this.#unused.delete(peer);
      });
    });
    // The request's socket is the TLS one, above the TCP one; they have the peer in common.
    server.on('request', ({ socket }) => this.#unused.delete(peerOf(socket)));
  }

  /** Ends those that have not brought a request. */
  endUnused(): void {
    for (const socket of this.#unused.values()) socket.destroy();
  }

  endAll(): void {
    for (const socket of this.#all) socket.destroy();
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
