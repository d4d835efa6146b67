/** Packets of one block live about as long as each other. */
const BLOCK_BYTES = 128 * 1024;

/** Copies of packets in large blocks: a buffer for each costs more than its packet. */
export class PacketBlocks {
  #block = Buffer.alloc(0);
  #used = 0;

  /** A copy of some bytes of a buffer that is used again. */
  copy(from: Buffer, begin: number, length: number): Buffer {
    if (this.#block.length - this.#used < length) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += length;
    from.copy(this.#block, at, begin, begin + length);
    return this.#block.subarray(at, this.#used);
  }
}
