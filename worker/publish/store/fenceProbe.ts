import type { Logger } from '../../../common/createLogger.ts';
import type { ObjectStore } from './objectStore.ts';

const PROBE_MS = 10_000;
const AGAIN_MS = 10_000;

/** Whether the store holds conditional PUTs. Asked at the start; a store that is away then is asked again until it answers. */
export class FenceProbe {
  readonly #store: Pick<ObjectStore, 'probeConditionalPut'>;
  readonly #againMs: number;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #fences = false;
  #timer: NodeJS.Timeout | undefined;
  #probing: Promise<void> | undefined;

  constructor(options: { store: Pick<ObjectStore, 'probeConditionalPut'>; log: Logger; againMs?: number }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#againMs = options.againMs ?? AGAIN_MS;
  }

  /** False as long as it is not known: that only costs playlist updates while Redis is away. */
  get fences(): boolean {
    return this.#fences;
  }

  /** Resolves after the first answer, or when there was none within 10 s. */
  async start(): Promise<void> {
    this.#probing = this.#probe();
    await this.#probing;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#probing;
  }

  async #probe(): Promise<void> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(PROBE_MS)]);
    try {
      this.#fences = await this.#store.probeConditionalPut(signal);
      if (this.#fences) this.#log.debug('the store has conditional PUTs');
      else this.#log.warn('the store has no conditional PUT: playlists stop while Redis is away');
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#log.error({ err: error }, 'the store does not answer; streams fail until it does');
      this.#timer = setTimeout(() => {
        this.#probing = this.#probe();
      }, this.#againMs);
    }
  }
}
