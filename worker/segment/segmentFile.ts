import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BlockPool } from './blockPool.ts';

/** A file that appears under its name when it is whole: until then it is `.<name>.part`. Calls run one after the other. */
export class SegmentFile {
  readonly #path: string;
  readonly #draft: string;
  readonly #pool: BlockPool;
  readonly #onWritten: (bytes: number) => void;
  #block: Buffer | undefined;
  #filled = 0;
  #handle: FileHandle | undefined;
  #chain: Promise<void> = Promise.resolve();
  #error: { cause: unknown } | undefined;

  /** @param onWritten called when so many bytes are not held in memory any more, whether they were written or failed */
  constructor(path: string, pool: BlockPool, onWritten: (bytes: number) => void) {
    this.#path = path;
    this.#pool = pool;
    this.#draft = join(dirname(path), `.${basename(path)}.part`);
    this.#onWritten = onWritten;
  }

  /** Takes a copy; written in blocks. */
  add(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      this.#block ??= this.#pool.take();
      const copied = bytes.copy(this.#block, this.#filled, from);
      from += copied;
      this.#filled += copied;
      if (this.#filled === this.#block.length) this.#flush();
    }
  }

  /** Writes the rest and gives the file its name. Rejects with the first failure since the beginning (ENOSPC, …). */
  async finish(): Promise<void> {
    this.#flush();
    await this.#chain;
    try {
      if (this.#error !== undefined) throw this.#error.cause;
      await this.#close();
      await rename(this.#draft, this.#path);
    } catch (error) {
      await this.#discard();
      throw error;
    }
  }

  /** Gives up: nothing of it stays. Never rejects. */
  async abort(): Promise<void> {
    this.#error ??= { cause: new Error('the segment was given up') };
    this.#onWritten(this.#filled);
    this.#filled = 0;
    this.#block = undefined;
    await this.#chain;
    await this.#discard();
  }

  #flush(): void {
    const block = this.#block;
    const bytes = this.#filled;
    this.#block = undefined;
    this.#filled = 0;
    if (block !== undefined) this.#chain = this.#chain.then(() => this.#write(block, bytes));
  }

  async #write(block: Buffer, bytes: number): Promise<void> {
    try {
      if (this.#error !== undefined) return;
      this.#handle ??= await open(this.#draft, 'w');
      for (let at = 0; at < bytes; ) at += (await this.#handle.write(block, at, bytes - at)).bytesWritten;
    } catch (cause) {
      this.#error ??= { cause };
    } finally {
      this.#pool.give(block);
      this.#onWritten(bytes);
    }
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #discard(): Promise<void> {
    // The failure that led here is the one that counts.
    await this.#close().catch(() => undefined);
    await rm(this.#draft, { force: true }).catch(() => undefined);
  }
}
