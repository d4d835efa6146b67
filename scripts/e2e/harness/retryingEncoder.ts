import { setTimeout as sleep } from 'node:timers/promises';
import { type EncoderOptions, startEncoder } from './encoder.ts';

export interface RetryingEncoder {
  /** How often it has connected again. */
  readonly retries: number;
  stop(): Promise<void>;
}

/** An encoder that calls the same URL again, a second after each end, as OBS does. */
export function startRetryingEncoder(options: EncoderOptions, retryMs = 1_000): RetryingEncoder {
  const stopping = new AbortController();
  let retries = -1;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const encoder = startEncoder(options);
      retries += 1;
      const stop = (): void => void encoder.stop();
      stopping.signal.addEventListener('abort', stop);
      await encoder.exited;
      stopping.signal.removeEventListener('abort', stop);
      await sleep(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    get retries() {
      return retries;
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
