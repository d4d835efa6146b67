import type { AppError } from '../../common/errors.ts';
import type { StreamReason } from '../../common/stream/streamState.ts';

/** Why a session ends on this worker. */
export type Ending =
  | { kind: 'stopped'; reason: StreamReason; message: string; error?: AppError }
  | { kind: 'fenced' }
  | { kind: 'handed_over'; failing?: boolean };

/** The end of a session, decided once: the first cause wins, whatever fails on the way out. */
export class SessionEnding {
  readonly #controller = new AbortController();
  #ending: Ending | undefined;

  /** Aborts when the end is decided. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get cause(): Ending | undefined {
    return this.#ending;
  }

  decide(ending: Ending): void {
    if (this.#ending) return;
    this.#ending = ending;
    this.#controller.abort();
  }
}
