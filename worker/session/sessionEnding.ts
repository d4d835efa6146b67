import type { AppError } from '../../common/errors.ts';
import type { StreamReason } from '../../common/stream/streamState.ts';
import type { HandOver } from '../claim/leaseScripts.ts';

/** Why a session ends on this worker. */
export type Ending =
  | { kind: 'stopped'; reason: StreamReason; message: string; error?: AppError }
  | { kind: 'fenced' }
  | { kind: 'handed_over'; how?: HandOver };

/**
 * The end of a session, decided once: the first cause wins, whatever fails on the way out. Only while the output opens may
 * another worker's claim, or a hand-over, still replace a stop: an open output carries a stop out, and the next owner has one.
 */
export class SessionEnding {
  readonly #decided = new AbortController();
  readonly #leaving = new AbortController();
  #ending: Ending | undefined;
  #opening = true;

  /** Aborts when the end is decided. */
  get signal(): AbortSignal {
    return this.#decided.signal;
  }

  /** Aborts when the stream leaves this worker, fenced or handed over. A stop does not abort it. */
  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  get cause(): Ending | undefined {
    return this.#ending;
  }

  /** The output is open. */
  opened(): void {
    this.#opening = false;
  }

  decide(ending: Ending): void {
    const leaves = ending.kind !== 'stopped';
    const replaces = this.#opening && leaves && this.#ending?.kind === 'stopped';
    if (this.#ending && !replaces) return;
    this.#ending = ending;
    if (leaves) this.#leaving.abort();
    this.#decided.abort();
  }
}
