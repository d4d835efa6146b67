import { setTimeout as sleep } from 'node:timers/promises';

export interface Pauses {
  /** The longest time that viewers waited for a new segment (ms). */
  longestWaitMs: number;
  /** The most media that is missing between two neighbours in the playlist (ms), by PROGRAM-DATE-TIME. */
  longestGapMs: number;
}

/** Follows a media playlist and measures its pauses: of what viewers see, and in the media itself. */
export class PlaylistPauses {
  readonly #url: string;
  readonly #stopping = new AbortController();
  readonly #loop: Promise<void>;
  readonly #segments = new Map<string, { startMs: number; endMs: number }>();
  #changedAt = performance.now();
  #longestWaitMs = 0;

  constructor(url: string) {
    this.#url = url;
    this.#loop = this.#follow();
  }

  async stop(): Promise<Pauses> {
    this.#stopping.abort();
    await this.#loop;
    let longestGapMs = 0;
    let last: { endMs: number } | undefined;
    for (const segment of this.#segments.values()) {
      if (last) longestGapMs = Math.max(longestGapMs, segment.startMs - last.endMs);
      last = segment;
    }
    return { longestWaitMs: this.#longestWaitMs, longestGapMs };
  }

  async #follow(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#take(await (await fetch(this.#url)).text());
      await sleep(100, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  #take(text: string): void {
    const now = performance.now();
    for (const [, time, duration, uri = ''] of text.matchAll(
      /^#EXT-X-PROGRAM-DATE-TIME:(\S+)\n(?:#EXT-X-GAP\n)?#EXTINF:([\d.]+),\n(\S+)$/gm,
    )) {
      if (this.#segments.has(uri)) continue;
      const startMs = Date.parse(String(time));
      this.#segments.set(uri, { startMs, endMs: startMs + Number(duration) * 1_000 });
      this.#changedAt = now;
    }
    if (this.#segments.size > 0) this.#longestWaitMs = Math.max(this.#longestWaitMs, now - this.#changedAt);
  }
}
