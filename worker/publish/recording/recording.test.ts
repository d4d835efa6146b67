import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addClosed,
  closeEpoch,
  createLedger,
  endLedger,
  type Ledger,
  type LedgerOptions,
  openEpoch,
  settle,
  skipTo,
} from '../playlist/ledger.ts';
import { mediaPlaylist } from '../playlist/mediaPlaylist.ts';
import { mergeLedger } from '../playlist/mergeLedger.ts';
import { type ParsedMediaPlaylist, parseMediaPlaylist } from '../playlist/parseMediaPlaylist.ts';
import { segmentNumber, streamFiles } from '../playlist/streamFiles.ts';
import { EventLists } from './eventLists.ts';
import { recordingPlaylist, renameVariants } from './recordingPlaylist.ts';
import { RunHistory } from './runHistory.ts';

const options: LedgerOptions = {
  ...{ streamId: 'show', run: 'run1', stems: streamFiles('show', 2).stems, window: 4, segmentSeconds: 4 },
};
const start = Date.parse('2026-01-01T00:00:00Z');
const renditions = [0, 1];
const seconds = (number: number): number => 3.9 + (number % 4) / 2;
const parse = (text: string | undefined): ParsedMediaPlaylist | undefined => parseMediaPlaylist(text ?? '');

type Step =
  | { do: 'close' | 'store' | 'fail' | 'late' | 'publish'; rendition: number; pick: number }
  | { do: 'reconnect' }
  | { do: 'failover'; copy: boolean };

const rendition = fc.nat({ max: 1 });
const work = (weight: number, what: 'close' | 'store' | 'fail' | 'late' | 'publish') => ({
  weight,
  arbitrary: fc.record({ do: fc.constant(what), rendition, pick: fc.nat({ max: 9 }) }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  ...[work(12, 'close'), work(14, 'store'), work(2, 'fail'), work(2, 'late'), work(8, 'publish')],
  { weight: 1, arbitrary: fc.constant({ do: 'reconnect' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('failover' as const), copy: fc.boolean() }) },
);

/** A recorded run as its viewers, its store and its owners see it. */
class World {
  readonly bucket = new Set<string>();
  /** What viewers were ever shown as stored, by rendition. */
  readonly shown = renditions.map(() => new Set<string>());
  readonly #dvr: boolean;
  #owner = 1;
  #copyLost = false;
  #time = start;
  #ledger = openEpoch(createLedger(options), start);
  #history = new RunHistory();
  #lists = this.#newLists();
  #published: (string | undefined)[] = [];
  #drafts: (string | undefined)[] = [];

  constructor(dvr: boolean) {
    this.#dvr = dvr;
  }

  run(one: Step): void {
    if (one.do === 'reconnect') this.#change(openEpoch(closeEpoch(this.#ledger), this.#later(60_000)));
    else if (one.do === 'failover') this.#failOver(one.copy);
    else if (one.do === 'publish') this.publish(one.rendition);
    else this.#work(one);
  }

  publish(r: number): void {
    // Before anything leaves the live playlist the draft has it, as Recording.update() sees to it.
    this.#drafts = renditions.map(each => this.#recording(each, false));
    const owner = String(this.#owner);
    const text = (this.#dvr ? this.#lists.render(this.#ledger, r) : mediaPlaylist(this.#ledger, r, owner))?.text;
    if (text === undefined || text === this.#published[r]) return;
    if (this.#dvr) checkEvent(this.#published[r], text, this.#copyLost);
    for (const { uri, gap } of parse(text)?.segments ?? []) {
      if (gap) continue;
      expect(this.bucket).toContain(uri);
      this.shown[r]?.add(uri);
    }
    this.#published[r] = text;
  }

  /** The end: what is missing is looked for in the store, then the recording is written. */
  end(): (string | undefined)[] {
    this.#change(endLedger(this.#ledger));
    for (const r of renditions) this.publish(r);
    for (const { number, segments } of this.#history.entries) {
      segments.forEach((segment, r) => {
        if (segment && this.bucket.has(segment.key.slice(5))) this.#history.setStored(r, number);
      });
    }
    return renditions.map(r => this.#recording(r, true));
  }

  #recording(r: number, ended: boolean): string | undefined {
    return recordingPlaylist(this.#history.entries, r, { owner: String(this.#owner), ended });
  }

  #newLists(published: readonly (string | undefined)[] = [undefined, undefined]): EventLists {
    return new EventLists({ history: this.#history, run: 'run1', owner: String(this.#owner), published });
  }

  #change(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#history.absorb(ledger);
  }

  #later(ms: number): number {
    // A live stream's media is never ahead of the clock on the wall.
    this.#time = Math.max(this.#time, this.#ledger.clock) + ms;
    return this.#time;
  }

  #work({ do: what, rendition: r, pick }: { do: string; rendition: number; pick: number }): void {
    if (what === 'close') {
      const number =
        this.#ledger.entries.find(({ segments }) => segments[r] === null)?.number ?? this.#ledger.nextNumber;
      this.#change(addClosed(this.#ledger, { rendition: r, number, durationSeconds: seconds(number), bytes: 188 }));
      return;
    }
    // Late: also what has left the ledger, or was published as a gap.
    const from = what === 'late' ? this.#history.entries : this.#ledger.entries;
    const state = what === 'late' ? 'gap' : 'pending';
    const segments = from.filter(entry => entry.segments[r]?.state === state && (entry.segments[r]?.bytes ?? 0) > 0);
    const entry = segments[pick % Math.max(1, segments.length)];
    const segment = entry?.segments[r];
    if (!entry || !segment) return;
    if (what !== 'fail') {
      this.bucket.add(segment.key.slice(5));
      this.#history.setStored(r, entry.number);
    }
    this.#change(settle(this.#ledger, r, entry.number, what === 'fail' ? 'gap' : 'stored'));
  }

  /** As HlsOutput.open() does it; the working copy in Redis may be lost. */
  #failOver(copy: boolean): void {
    this.#owner += 1;
    if (!copy) this.#copyLost = true;
    const playlists = renditions.map(r => parse(this.#published[r]));
    let ledger = closeEpoch(mergeLedger(options, copy ? this.#ledger : undefined, playlists));
    for (const { number, segments } of ledger.entries) {
      segments.forEach((segment, r) => {
        const there = segment && this.bucket.has(segment.key.slice(5));
        if (segment?.state === 'pending') ledger = settle(ledger, r, number, there ? 'stored' : 'gap');
      });
    }
    const highest = Math.max(-1, ...[...this.bucket].map(uri => segmentNumber(uri) ?? -1));
    ledger = openEpoch(skipTo(ledger, Math.max(highest, ledger.nextNumber) + 10), this.#later(10_000));
    this.#history = new RunHistory();
    this.#history.restore(ledger, this.#drafts.map(parse));
    this.#lists = this.#newLists(this.#published);
    this.#change(ledger);
  }
}

/**
 * RFC 8216 section 6.2.1: an EVENT playlist may get lines at its end, and nothing else may change. Where a worker died and
 * Redis lost its data, another may begin, further on.
 */
function checkEvent(before: string | undefined, now: string, copyLost: boolean): void {
  expect(now).toContain('\n#EXT-X-PLAYLIST-TYPE:EVENT\n');
  if (before === undefined) return;
  const bare = (text: string): string => text.replace(/^## livetran owner .*\n/m, '').replace('#EXT-X-ENDLIST\n', '');
  if (bare(now).startsWith(bare(before))) return;
  const last = (playlist: ParsedMediaPlaylist | undefined): number =>
    (playlist?.mediaSequence ?? 0) + (playlist?.segments.length ?? 0) - 1;
  expect({ copyLost, forward: (parse(now)?.mediaSequence ?? 0) > last(parse(before)) }).toEqual({
    copyLost: true,
    forward: true,
  });
}

function checkRecording(text: string): { places: Map<number, string>; listed: string[] } {
  const playlist = parse(text);
  if (!playlist) throw new Error('no playlist');
  expect(text).toMatch(/#EXT-X-PLAYLIST-TYPE:VOD\n.*#EXT-X-ENDLIST\n$/s);
  expect(text.includes('EXT-X-GAP')).toBe(text.includes('VERSION:8'));
  expect([playlist.segments.at(0)?.gap, playlist.segments.at(-1)?.gap]).toEqual([false, false]);
  const places = new Map<number, string>();
  let discontinuities = playlist.discontinuitySequence;
  let earliest = 0;
  let lastNumber = -1;
  playlist.segments.forEach((segment, i) => {
    if (segment.discontinuity) discontinuities += 1;
    const number = segmentNumber(segment.uri) ?? -1;
    expect(number).toBeGreaterThan(lastNumber);
    lastNumber = number;
    expect(Math.round(segment.durationSeconds)).toBeLessThanOrEqual(playlist.targetDuration);
    expect(segment.programDateTime).toBeGreaterThanOrEqual(earliest - 1);
    earliest = segment.programDateTime ?? 0;
    const fact = `${playlist.mediaSequence + i} ${discontinuities} ${segment.programDateTime}`;
    places.set(number, fact);
  });
  return { places, listed: playlist.segments.filter(({ gap }) => !gap).map(({ uri }) => uri) };
}

test.each([false, true])(
  'whatever happens, the recording has all that viewers saw, and only what is stored; dvr: %s',
  dvr => {
    let recorded = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 150 }), steps => {
        const world = new World(dvr);
        for (const each of steps) world.run(each);
        const places = world.end().map((text, r) => {
          const shown = world.shown[r] ?? new Set();
          if (text === undefined) {
            expect(shown.size).toBe(0);
            return undefined;
          }
          const { places: found, listed } = checkRecording(text);
          recorded += listed.length;
          expect(listed.filter(uri => !world.bucket.has(uri))).toEqual([]);
          expect([...shown].filter(uri => !listed.includes(uri))).toEqual([]);
          return found;
        });
        // The same place in every rendition is the same media time.
        for (const [number, fact] of places[0] ?? []) expect(places[1]?.get(number) ?? fact).toBe(fact);
      }),
      { numRuns: 200 },
    );
    expect(recorded).toBeGreaterThan(1_000);
  },
);

describe('recording', () => {
  const ledgerWith = (count: number, from = openEpoch(createLedger(options), start)): Ledger =>
    Array.from({ length: count }).reduce<Ledger>(ledger => {
      const number = ledger.nextNumber;
      return renditions.reduce((rest, r) => {
        const closed = addClosed(rest, { rendition: r, number, durationSeconds: seconds(number), bytes: 188 });
        return settle(closed, r, number, 'stored');
      }, ledger);
    }, from);

  test('keeps a segment’s real duration, also one that the live playlist has to cut', () => {
    const history = new RunHistory();
    let ledger = addClosed(openEpoch(createLedger(options), start), {
      ...{ rendition: 0, number: 0, durationSeconds: 7.2, bytes: 188 },
    });
    ledger = settle(ledger, 0, 0, 'stored');
    history.absorb(ledger);
    const text = recordingPlaylist(history.entries, 0, { owner: '1', ended: true }) ?? '';
    expect(text).toContain('#EXT-X-TARGETDURATION:7\n');
    expect(text).toContain('#EXTINF:7.200000,\n');
  });

  test('a rendered EVENT playlist says which segments it lists, and which of them are gaps', () => {
    const history = new RunHistory();
    const lists = new EventLists({ history, run: 'run1', owner: '1', published: [undefined, undefined] });
    let ledger = ledgerWith(3);
    for (const state of ['gap', 'stored'] as const) {
      const number = ledger.nextNumber;
      for (const rendition of renditions)
        ledger = addClosed(ledger, { rendition, number, durationSeconds: 4, bytes: 188 });
      for (const rendition of renditions) ledger = settle(ledger, rendition, number, state);
      history.absorb(ledger);
    }
    const { listed, text } = lists.render(ledger, 0) ?? {};
    expect(parse(text)?.segments.map(({ gap }) => gap)).toEqual([false, false, true, false]);
    expect(listed).toMatchObject({ last: 4, gaps: new Set([3]) });
  });

  test('another run’s EVENT playlist is not continued', () => {
    const history = new RunHistory();
    const ledger = ledgerWith(6);
    history.absorb(ledger);
    const lists = new EventLists({ history, run: 'run1', owner: '1', published: [undefined, undefined] });
    const published = renditions.map(r => lists.render(ledger, r)?.text);
    const next = ledgerWith(
      1,
      openEpoch(mergeLedger({ ...options, run: 'run2' }, endLedger(ledger), [undefined]), start),
    );
    const nextHistory = new RunHistory();
    nextHistory.absorb(next);
    const after = new EventLists({ history: nextHistory, run: 'run2', owner: '2', published });
    expect(parse(after.render(next, 0)?.text)?.segments.map(({ uri }) => uri)).toEqual(['show_0_006.ts']);
  });

  test('eight hours at 4 s cost as much for each segment at the end as at the beginning', () => {
    const history = new RunHistory();
    const lists = new EventLists({ history, run: 'run1', owner: '1', published: [undefined, undefined] });
    let ledger = openEpoch(createLedger(options), start);
    const thousand = (): number => {
      const since = process.cpuUsage();
      for (let i = 0; i < 1_000; i += 1) {
        ledger = ledgerWith(1, ledger);
        history.absorb(ledger);
        for (const r of renditions) lists.render(ledger, r);
      }
      return process.cpuUsage(since).user;
    };
    thousand();
    const early = thousand();
    for (let i = 0; i < 5; i += 1) thousand();
    expect(thousand()).toBeLessThan(Math.max(3 * early, early + 200_000));
    expect(parse(lists.render(ledger, 0)?.text)?.segments).toHaveLength(8_000);
  });

  test('the multivariant playlist leaves out a rendition of which nothing is stored', () => {
    const multivariant =
      '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2\nshow_0.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\nshow_1.m3u8\n';
    expect(renameVariants(multivariant, new Map([['show_1.m3u8', 'show_vod_r_1.m3u8']]))).toBe(
      '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nshow_vod_r_1.m3u8\n',
    );
  });
});
