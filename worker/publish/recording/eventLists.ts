import { type EventList, eventText, extendEvent, parseEvent } from '../playlist/eventPlaylist.ts';
import type { Ledger } from '../playlist/ledger.ts';
import type { RenderedPlaylist } from '../playlist/renderedPlaylist.ts';
import type { RunHistory } from './runHistory.ts';

/** A run's media playlists with all segments from the first on, by rendition (DVR). */
export class EventLists {
  readonly #history: RunHistory;
  readonly #run: string;
  readonly #owner: string;
  readonly #lists: (EventList | undefined)[];
  readonly #rendered: ({ list: EventList; ended: boolean; playlist: RenderedPlaylist } | undefined)[] = [];

  /** @param options.published by rendition, the playlists as the last owner left them: those of this run go on */
  constructor(options: {
    history: RunHistory;
    run: string;
    owner: string;
    published: readonly (string | undefined)[];
  }) {
    this.#history = options.history;
    this.#run = options.run;
    this.#owner = options.owner;
    this.#lists = options.published.map(text => parseEvent(text ?? '', options.run));
  }

  /** The playlist as it is to be published now; undefined while it has nothing to list. */
  render(ledger: Ledger, rendition: number): RenderedPlaylist | undefined {
    const before = this.#lists[rendition];
    const listed = ledger.listed[rendition] ?? -1;
    const after = before ? before.last : (ledger.head[rendition] ?? 0) - 1;
    const { targetDuration, ended } = ledger;
    const list =
      listed > after
        ? extendEvent(before, this.#history.between(after, listed), { rendition, run: this.#run, targetDuration })
        : before;
    this.#lists[rendition] = list;
    if (!list) return undefined;
    const known = this.#rendered[rendition];
    if (known?.list === list && known.ended === ended) return known.playlist;
    const text = eventText(list, this.#owner, ended);
    const playlist = { text, mediaSequence: list.first, listed: list.listed };
    this.#rendered[rendition] = { list, ended, playlist };
    return playlist;
  }
}
