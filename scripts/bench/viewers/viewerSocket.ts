import { connect, type Socket } from 'node:net';

interface Waiting {
  resolve: (answer: { status: number; body: Buffer }) => void;
  reject: (error: Error) => void;
}

const LENGTH = /\r\ncontent-length: (\d+)/i;

/**
 * One kept connection that asks one thing at a time. Node's own client costs several times as much as the server that is measured; this one reads
 * the status and Content-Length, and nothing else.
 */
export class ViewerSocket {
  readonly #socket: Socket;
  readonly #host: string;
  #waiting: Waiting | undefined;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Of the answer that comes in, once its head is whole. */
  #head: { status: number; length: number; end: number } | undefined;

  constructor({ hostname, port, host }: URL) {
    this.#host = host;
    this.#socket = connect(Number(port), hostname).setNoDelay(true);
    this.#socket.on('data', chunk => this.#take(chunk));
    const fail = (error: Error): void => this.#waiting?.reject(error);
    this.#socket.on('error', fail);
    this.#socket.on('close', () => fail(new Error('the connection was closed')));
  }

  get(path: string): Promise<{ status: number; body: Buffer }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: Buffer }>();
    this.#waiting = { resolve, reject };
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nAccept-Encoding: identity\r\n\r\n`);
    return promise;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    this.#head ??= this.#readHead();
    const head = this.#head;
    if (!head || this.#size < head.end + head.length) return;
    const body = (this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)).subarray(head.end);
    this.#chunks = [];
    this.#size = 0;
    this.#head = undefined;
    this.#waiting?.resolve({ status: head.status, body });
  }

  #readHead(): { status: number; length: number; end: number } | undefined {
    const [first] = this.#chunks;
    const text = (this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks)).toString(
      'latin1',
      0,
      2_000,
    );
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    return { status: Number(text.slice(9, 12)), length: Number(LENGTH.exec(text)?.[1] ?? 0), end: end + 4 };
  }
}
