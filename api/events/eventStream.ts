import type { Response } from 'express';

/** Proxies cut connections that are silent for about a minute. */
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 2_000;
/** Bytes that may wait for a caller who reads slowly. Beyond it the connection is closed; the caller comes back and goes on. */
const MOST_BYTES = 1_000_000;

export interface ServerSentEvent {
  id: string;
  event: string;
  data: object | string;
}

/** Writes server-sent events (WHATWG HTML, 9.2) to one caller: heartbeats, and bounded memory for one who reads slowly. */
export class EventStream {
  readonly #response: Response;
  readonly #mostBytes: number;

  constructor(response: Response, mostBytes = MOST_BYTES) {
    this.#response = response;
    this.#mostBytes = mostBytes;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    response.write(`retry: ${RETRY_MS}\n\n`);
    const heartbeat = setInterval(() => response.write(': \n\n'), HEARTBEAT_MS);
    response.once('close', () => clearInterval(heartbeat));
  }

  get isClosed(): boolean {
    return this.#response.closed || this.#response.destroyed;
  }

  send({ id, event, data }: ServerSentEvent): void {
    if (this.isClosed) return;
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    this.#response.write(`${id && `id: ${id}\n`}event: ${event}\ndata: ${text}\n\n`);
    if (this.#response.writableLength > this.#mostBytes) this.#response.destroy();
  }

  /** Resolves when the caller has read what was written, or is gone. */
  async drained(): Promise<void> {
    if (this.isClosed || !this.#response.writableNeedDrain) return;
    await new Promise<void>(resolve => {
      const done = (): void => {
        this.#response.off('drain', done).off('close', done);
        resolve();
      };
      this.#response.on('drain', done).on('close', done);
    });
  }

  end(): void {
    this.#response.end();
  }

  onClose(call: () => void): void {
    this.#response.once('close', call);
    if (this.isClosed) call();
  }
}
