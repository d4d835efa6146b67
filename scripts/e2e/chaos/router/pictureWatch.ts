import { setTimeout as sleep } from 'node:timers/promises';
import { pictureNumbers } from '../../../../worker/transcode/testing/pictureNumbers.ts';

interface Watched {
  uri: string;
  /** When it was first listed, ms since 1970. */
  seenAt: number;
  discontinuity: boolean;
  gap: boolean;
  body: Buffer;
}

export interface Pictures {
  lost: number;
  /** Shown twice. */
  repeated: number;
  discontinuities: number;
}

const LOOK_MS = 50;
/** An encoder that was started again begins with one of these. */
const FIRST_NUMBERS = 15;
const ENTRY = /^(#EXT-X-DISCONTINUITY\n)?#EXT-X-PROGRAM-DATE-TIME:\S+\n(#EXT-X-GAP\n)?#EXTINF:[\d.]+,\n(\S+)$/gm;

/** Follows a media playlist whose pictures carry their numbers, and keeps every segment that was listed. */
export class PictureWatch {
  readonly #url: string;
  readonly #stopping = new AbortController();
  readonly #loop: Promise<void>;
  readonly #segments: Watched[] = [];
  readonly #seen = new Set<string>();

  /** @param url a media playlist, or a multivariant one: then its first rendition */
  constructor(url: string) {
    this.#url = url;
    this.#loop = this.#follow();
  }

  get count(): number {
    return this.#segments.length;
  }

  /** When the first segment was listed that was not there at `after` (ms since 1970); undefined: none is yet. */
  listedAt(after: number): number | undefined {
    return this.#segments.find(({ seenAt }) => seenAt > after)?.seenAt;
  }

  /** What viewers got from the last segment before `count` on. An encoder that was started again counts anew. */
  async judge(count: number): Promise<Pictures> {
    const watched = this.#segments.slice(Math.max(0, count - 1));
    const numbers = await pictureNumbers(Buffer.concat(watched.map(({ body }) => body)));
    const steps = numbers.slice(1).flatMap((number, i) => {
      const step = number - (numbers[i] ?? number);
      return step < 0 && number < FIRST_NUMBERS ? [] : [step];
    });
    return {
      lost: steps.reduce((sum, step) => sum + Math.max(0, step - 1), 0),
      repeated: steps.reduce((sum, step) => sum + Math.max(0, 1 - step), 0),
      discontinuities: watched.slice(1).filter(({ discontinuity, gap }) => discontinuity || gap).length,
    };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look().catch(() => undefined);
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    let url = this.#url;
    let text = await (await fetch(url)).text();
    const variant = /^#EXT-X-STREAM-INF.*\n(\S+)$/m.exec(text)?.[1];
    if (variant !== undefined) {
      url = new URL(variant, url).href;
      text = await (await fetch(url)).text();
    }
    for (const [, discontinuity, gap, uri = ''] of text.matchAll(ENTRY)) {
      if (this.#seen.has(uri)) continue;
      const seenAt = Date.now();
      const body = gap ? Buffer.alloc(0) : Buffer.from(await (await fetch(new URL(uri, url))).arrayBuffer());
      this.#seen.add(uri);
      this.#segments.push({ uri, seenAt, discontinuity: discontinuity !== undefined, gap: gap !== undefined, body });
    }
  }
}
