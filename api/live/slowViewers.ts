import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Who has not taken an answer within this time is cut: a live viewer so slow sees nothing. */
const PATIENCE_MS = 15_000;
const SWEEP_MS = 1_000;

/**
 * Answers that their viewers have not taken yet. Each keeps its bytes in memory, so they have a bound in time and, all together, in bytes: past
 * it the one that waits for longest is cut. A slow viewer delays nobody: writes never wait.
 */
export class SlowViewers {
  readonly #maxBytes: number;
  readonly #patienceMs: number;
  /** By their arrival here: since when (ms, monotonic). */
  readonly #since = new Map<Socket, number>();
  readonly #sweeping = setInterval(() => this.sweep(), SWEEP_MS).unref();

  constructor(maxBytes: number, patienceMs = PATIENCE_MS) {
    this.#maxBytes = maxBytes;
    this.#patienceMs = patienceMs;
  }

  get count(): number {
    return this.#since.size;
  }

  /** After the answer was written. One that is out already is not kept here. */
  watch({ socket }: ServerResponse): void {
    if (!socket || socket.writableLength === 0 || this.#since.has(socket)) return;
    this.#since.set(socket, performance.now());
    socket.once('close', () => this.#since.delete(socket));
  }

  sweep(): void {
    const now = performance.now();
    let bytes = 0;
    for (const [socket, since] of this.#since) {
      if (socket.writableLength === 0) this.#since.delete(socket);
      else if (now - since > this.#patienceMs) this.#cut(socket);
      else bytes += socket.writableLength;
    }
    for (const socket of this.#since.keys()) {
      if (bytes <= this.#maxBytes) break;
      bytes -= socket.writableLength;
      this.#cut(socket);
    }
  }

  stop(): void {
    clearInterval(this.#sweeping);
  }

  #cut(socket: Socket): void {
    this.#since.delete(socket);
    socket.destroy();
  }
}
