import type { WebhookLimits } from './webhookLimits.ts';

/** When there is no place for a first attempt, it asks again after this (ms). */
const CROWDED_MS = 2_000;

type Limits = Pick<WebhookLimits, 'unproven' | 'repeated' | 'repeatedMs' | 'openMs' | 'longestMs'>;

/**
 * The places that a worker has for hosts that are not prompt. Repeated attempts have a part of them, and each keeps its place for a while:
 * thousands of hosts that refuse at once would else take all of the event loop.
 */
export class AttemptPlaces {
  readonly #limits: Limits;
  #taken = 0;
  #repeated = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** 0: there is a place; otherwise when to ask again (ms). A repeated attempt waits for as long as a circuit may be open. */
  waitMs(isRepeated: boolean): number {
    const { unproven, repeated, openMs, longestMs } = this.#limits;
    if (isRepeated && this.#repeated >= repeated) return openMs + Math.random() * (longestMs - openMs);
    return this.#taken >= unproven ? CROWDED_MS : 0;
  }

  /** Takes a place. Returns what gives it back at the end of the attempt. */
  take(isRepeated: boolean): () => void {
    const begun = performance.now();
    this.#taken += 1;
    if (isRepeated) this.#repeated += 1;
    return () => {
      this.#taken -= 1;
      if (!isRepeated) return;
      const left = this.#limits.repeatedMs - (performance.now() - begun);
      const giveBack = (): void => {
        this.#repeated -= 1;
      };
      if (left > 0) setTimeout(giveBack, left).unref();
      else giveBack();
    };
  }
}
