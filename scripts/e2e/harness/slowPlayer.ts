import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 300;

/**
 * The slowest player that RFC 8216 allows: of each version of a media playlist it asks for every segment only after the
 * playlist's whole duration. What it does not get then was deleted too early.
 */
export class SlowPlayer {
  readonly #url: string;
  readonly #missing: string[] = [];
  readonly #stopping = new AbortController();
  readonly #asking = new Set<Promise<void>>();
  readonly #loop: Promise<void>;
  #asked = 0;

  constructor(url: string) {
    this.#url = url;
    this.#loop = this.#follow();
  }

  /** Waits for what was still to be asked for. */
  async stop(): Promise<{ missing: string[]; asked: number }> {
    this.#stopping.abort();
    await this.#loop;
    while (this.#asking.size > 0) await Promise.all(this.#asking);
    return { missing: this.#missing, asked: this.#asked };
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    let before = '';
    while (!signal.aborted) {
      const response = await fetch(this.#url);
      const text = await response.text();
      if (response.ok && text !== before) {
        before = text;
        const asking = this.#askLater(text).finally(() => this.#asking.delete(asking));
        this.#asking.add(asking);
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #askLater(text: string): Promise<void> {
    const durations = [...text.matchAll(/^#EXTINF:([\d.]+),/gm)].map(([, seconds]) => Number(seconds));
    await sleep(durations.reduce((sum, seconds) => sum + seconds, 0) * 1000);
    for (const uri of text.match(/^[^#\n].*\.ts$/gm) ?? []) {
      const response = await fetch(new URL(uri, this.#url), { method: 'HEAD' });
      this.#asked += 1;
      if (!response.ok) this.#missing.push(`${uri} answered ${response.status} to a player that held\n${text}`);
    }
  }
}
