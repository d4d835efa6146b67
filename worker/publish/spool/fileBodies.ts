import { type FileHandle, open } from 'node:fs/promises';

/** Blocks have multiples of this size, so that most segments of a stream fit into the same ones. */
const STEP_BYTES = 256 * 1024;
/** So much unused memory is kept. */
const MOST_KEPT_BYTES = 16 * 1024 * 1024;

/** Reads files into memory that is used again: a new buffer for each upload makes V8 collect garbage all the time. */
export class FileBodies {
  readonly #free: Buffer[] = [];
  #kept = 0;

  /** Calls `use` with the file's bytes, which are valid until it settles. Throws the file's error (ENOENT, …). */
  async with<Result>(path: string, use: (body: Buffer) => Promise<Result>): Promise<Result> {
    const file = await open(path, 'r');
    let body: Buffer;
    try {
      const { size } = await file.stat();
      body = await readInto(this.#take(size), file, size);
    } finally {
      await file.close();
    }
    const result = await use(body);
    // Only now: after a failure something may still be reading it.
    this.#give(body);
    return result;
  }

  #take(bytes: number): Buffer {
    const fitting = this.#free.findIndex(block => block.length >= bytes);
    const [block] = fitting < 0 ? [] : this.#free.splice(fitting, 1);
    this.#kept -= block?.length ?? 0;
    return block ?? Buffer.allocUnsafeSlow(Math.max(1, Math.ceil(bytes / STEP_BYTES)) * STEP_BYTES);
  }

  #give({ buffer }: Buffer): void {
    if (this.#kept + buffer.byteLength > MOST_KEPT_BYTES) return;
    this.#kept += buffer.byteLength;
    this.#free.push(Buffer.from(buffer));
    this.#free.sort((a, b) => a.length - b.length);
  }
}

async function readInto(block: Buffer, file: FileHandle, size: number): Promise<Buffer> {
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(block, length, size - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return block.subarray(0, length);
}
