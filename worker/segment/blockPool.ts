/** So many unused blocks are kept. */
const mostKept = 4;

/** Blocks of memory that are used again and again: a new one of this size costs page faults. */
export class BlockPool {
  readonly #bytes: number;
  readonly #free: Buffer[] = [];

  /** @param bytes size of each block */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  /** Nobody uses it any more. */
  give(block: Buffer): void {
    if (this.#free.length < mostKept) this.#free.push(block);
  }
}
