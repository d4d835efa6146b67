import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './childProcess.ts';
import { startEncoder } from './encoder.ts';
import { tinySource } from './tinyStreams.ts';

const RETRY_MS = 1_000;

/** An encoder that calls its URL again one second after each loss, for ever, as OBS does. */
export class RetryingEncoder {
  /** When each connection (or attempt) ended, ms since 1970. */
  readonly losses: number[] = [];
  readonly #url: () => string;
  readonly #gop: number;
  readonly #stopping = new AbortController();
  readonly #loop: Promise<void>;
  #child: Child | undefined;

  /** @param url asked before each call: an app may give its encoder a new one */
  constructor(url: () => string, gop: number = tinySource.gop) {
    this.#url = url;
    this.#gop = gop;
    this.#loop = this.#run();
  }

  /** Its connection is lost; it calls again. */
  interrupt(): void {
    this.#child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#child?.kill('SIGKILL');
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#child = startEncoder({ srtUrl: this.#url(), ...tinySource, gop: this.#gop });
      await this.#child.exited;
      this.losses.push(Date.now());
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
