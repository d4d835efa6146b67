/**
 * Where an output is in its life:
 * - `open`: segments come, and are listed as they are stored.
 * - `ending`: the stream is over; the playlists end (EXT-X-ENDLIST) with the last upload that settles.
 * - `handing_over`: another owner goes on; uploads are waited for, and the playlists stay open.
 * - `ended`, `handed_over`: done in order; nothing more is written.
 * - `abandoned`: stopped at once, since another owner has the stream; nothing more is written.
 */
type State = 'open' | 'ending' | 'handing_over' | 'ended' | 'handed_over' | 'abandoned';

const next: Record<State, readonly State[]> = {
  open: ['ending', 'handing_over', 'abandoned'],
  ending: ['ended', 'abandoned'],
  handing_over: ['handed_over', 'abandoned'],
  ended: [],
  handed_over: [],
  abandoned: [],
};

/** An output's state, and the only way to change it. */
export class OutputState {
  readonly #over = new AbortController();
  #state: State = 'open';

  /** Aborts when nothing more is written. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  is(state: State): boolean {
    return this.#state === state;
  }

  /** False when the state cannot be entered from the present one, which then stays. */
  enter(state: State): boolean {
    if (!next[this.#state].includes(state)) return false;
    this.#state = state;
    if (next[state].length === 0) this.#over.abort();
    return true;
  }

  /** The orderly end of `ending` or `handing_over`. */
  close(): void {
    this.enter(this.#state === 'ending' ? 'ended' : 'handed_over');
  }
}
