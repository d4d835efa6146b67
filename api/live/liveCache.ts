import type { LiveAnswer } from './liveAnswer.ts';

/** What an entry takes beside its bytes. */
const ENTRY_BYTES = 1_000;

/** Answers by their paths, as long as their Cache-Control says. The ones that were not used for longest go when there is no room. */
export class LiveCache {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, LiveAnswer>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(path: string): LiveAnswer | undefined {
    const answer = this.#entries.get(path);
    if (!answer) return undefined;
    this.#entries.delete(path);
    if (performance.now() - answer.at >= answer.keepMs) {
      this.#bytes -= bytesOf(answer);
      return undefined;
    }
    // Now it is the one that was used last.
    this.#entries.set(path, answer);
    return answer;
  }

  /** An answer that may not be kept, or that is larger than the cache, is not. */
  set(path: string, answer: LiveAnswer): void {
    const bytes = bytesOf(answer);
    if (answer.keepMs <= 0 || bytes > this.#maxBytes) return;
    const before = this.#entries.get(path);
    if (before) this.#remove(path, before);
    this.#entries.set(path, answer);
    this.#bytes += bytes;
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest, old);
    }
  }

  #remove(path: string, answer: LiveAnswer): void {
    this.#entries.delete(path);
    this.#bytes -= bytesOf(answer);
  }
}

/** A playlist's encoded forms are smaller than itself, and there are two. */
const bytesOf = ({ body, contentType }: LiveAnswer): number =>
  ENTRY_BYTES + body.length * (contentType.startsWith('video/') ? 1 : 2);
