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
} from './ledger.ts';
import { mediaPlaylist } from './mediaPlaylist.ts';
import { mergeLedger } from './mergeLedger.ts';
import { parseMediaPlaylist } from './parseMediaPlaylist.ts';
import { segmentNumber, streamFiles } from './streamFiles.ts';

const textOf = (...of: Parameters<typeof mediaPlaylist>) => mediaPlaylist(...of)?.text;
const options = (run = 'run1', renditions = 2, window = 4): LedgerOptions => ({
  streamId: 'show',
  run,
  stems: streamFiles('show', renditions).stems,
  window,
  segmentSeconds: 4,
});
const start = Date.parse('2026-01-01T00:00:00Z');
const seconds = (number: number) => 3.9 + (number % 3) / 10;

function close(ledger: Ledger, rendition: number, number: number, durationSeconds = seconds(number)): Ledger {
  return addClosed(ledger, { rendition, number, durationSeconds, bytes: 188 });
}

function stored(ledger: Ledger, number: number, renditions = [0, 1]): Ledger {
  return renditions.reduce((rest, r) => settle(close(rest, r, number), r, number, 'stored'), ledger);
}

const listing = (ledger: Ledger, rendition = 0) => {
  const rendered = mediaPlaylist(ledger, rendition, '1');
  const playlist = parseMediaPlaylist(rendered?.text ?? '');
  // What was rendered says the same as its text.
  const numbers = playlist?.segments.map(({ uri }) => segmentNumber(uri) ?? -1) ?? [];
  expect([rendered?.listed.first, rendered?.listed.last]).toEqual([numbers[0], numbers.at(-1)]);
  expect(numbers.filter(number => rendered?.listed.gaps.has(number))).toEqual(
    numbers.filter((_, i) => playlist?.segments[i]?.gap),
  );
  expect(rendered?.mediaSequence).toBe(playlist?.mediaSequence);
  return playlist?.segments.map(({ uri, gap }) => `${segmentNumber(uri)}${gap ? ' gap' : ''}`) ?? [];
};

describe('listing', () => {
  test('holds back what follows an upload that is under way', () => {
    let ledger = [0, 1, 2].reduce((rest, n) => stored(rest, n), openEpoch(createLedger(options()), start));
    ledger = close(close(ledger, 0, 3), 1, 3);
    ledger = stored(ledger, 4);
    expect(listing(ledger)).toEqual(['0', '1', '2']);
    expect(listing(settle(ledger, 0, 3, 'stored'), 0)).toEqual(['1', '2', '3', '4']);
    expect(listing(settle(ledger, 0, 3, 'stored'), 1)).toEqual(['0', '1', '2']);
  });

  test('lists a gap only when something stored follows, and can fill it until then', () => {
    let ledger = openEpoch(createLedger(options()), start);
    ledger = stored(ledger, 0);
    ledger = settle(close(ledger, 0, 1), 0, 1, 'gap');
    expect(listing(ledger)).toEqual(['0']);
    expect(listing(settle(ledger, 0, 1, 'stored'))).toEqual(['0', '1']);
    const told = stored(ledger, 2, [0]);
    expect(listing(told)).toEqual(['0', '1 gap', '2']);
    expect(listing(settle(told, 0, 1, 'stored'))).toEqual(['0', '1 gap', '2']);
  });

  test('an upload that holds back more than two segments is passed over, and its gap stays', () => {
    let ledger = close(stored(openEpoch(createLedger(options('run1', 1)), start), 0, [0]), 0, 1);
    for (const n of [2, 3]) ledger = stored(ledger, n, [0]);
    expect(listing(ledger)).toEqual(['0']);
    ledger = close(ledger, 0, 4);
    expect(listing(ledger)).toEqual(['0', '1 gap', '2', '3']);
    expect(listing(settle(settle(ledger, 0, 1, 'stored'), 0, 4, 'stored'))).toEqual(['2', '3', '4']);
    expect(settle(ledger, 0, 1, 'stored').entries[1]?.segments[0]?.state).toBe('gap');
  });

  test('one rendition’s slow upload holds back no other rendition', () => {
    let ledger = stored(openEpoch(createLedger(options()), start), 0);
    for (const n of [1, 2, 3]) ledger = close(stored(ledger, n, [0]), 1, n);
    expect(listing(ledger, 0)).toEqual(['0', '1', '2', '3']);
    expect(listing(ledger, 1)).toEqual(['0']);
    ledger = close(settle(ledger, 1, 3, 'stored'), 1, 4);
    expect(listing(ledger, 1)).toEqual(['0']);
    expect(listing(close(ledger, 1, 5), 1)).toEqual(['0', '1 gap', '2 gap', '3']);
  });

  test('while nothing can be stored nothing is listed, and after it the head moves beyond the gaps', () => {
    let ledger = stored(openEpoch(createLedger(options('run1', 1)), start), 0, [0]);
    for (let n = 1; n < 100; n += 1) ledger = close(ledger, 0, n);
    expect(ledger.listed).toEqual([0]);
    ledger = [99, 98, 97].reduce((rest, n) => settle(rest, 0, n, 'stored'), ledger);
    expect(listing(ledger)).toEqual(['97', '98', '99']);
    expect(textOf(ledger, 0, '1')).toContain('#EXT-X-MEDIA-SEQUENCE:97\n');
  });

  test('never begins with a gap, however far that moves the head', () => {
    let ledger = openEpoch(createLedger(options('run1', 1)), start);
    for (const n of [0, 3, 4, 5]) {
      for (let lost = ledger.nextNumber; lost < n; lost += 1) ledger = settle(close(ledger, 0, lost), 0, lost, 'gap');
      ledger = stored(ledger, n, [0]);
    }
    expect(listing(ledger)).toEqual(['3', '4', '5']);
    expect(textOf(ledger, 0, '1')).toContain('#EXT-X-MEDIA-SEQUENCE:3\n');
  });

  test('a file that was closed in one rendition only is a gap in the other', () => {
    let ledger = openEpoch(createLedger(options()), start);
    ledger = settle(close(stored(ledger, 0), 0, 1), 0, 1, 'stored');
    expect(listing(ledger, 1)).toEqual(['0']);
    ledger = stored(openEpoch(closeEpoch(ledger), start + 9_000), 2);
    expect(listing(ledger, 0)).toEqual(['0', '1', '2']);
    expect(listing(ledger, 1)).toEqual(['0', '1 gap', '2']);
  });

  test('a segment that breaks the timeline inside an epoch gets one discontinuity, in all renditions', () => {
    let ledger = stored(openEpoch(createLedger(options()), start), 0);
    for (const r of [0, 1]) {
      const file = { rendition: r, number: 1, durationSeconds: 4, bytes: 188, discontinuity: true };
      ledger = settle(addClosed(ledger, file), r, 1, 'stored');
    }
    ledger = stored(ledger, 2);
    expect(ledger.entries.map(({ discontinuity }) => discontinuity)).toEqual([false, true, false]);
    expect(ledger.discontinuitySequence).toBe(1);
  });

  test('an end gives up what is under way, and lists what is stored after it', () => {
    const ledger = stored(close(stored(openEpoch(createLedger(options()), start), 0), 0, 1), 2);
    expect(listing(ledger)).toEqual(['0']);
    expect(listing(endLedger(ledger))).toEqual(['0', '1 gap', '2']);
    expect(textOf(endLedger(ledger), 0, '1')).toMatch(/\n#EXT-X-ENDLIST\n$/);
  });

  test('a long outage does not make the ledger grow without bound', () => {
    let ledger = openEpoch(createLedger(options()), start);
    for (let n = 0; n < 500; n += 1) ledger = close(close(ledger, 0, n), 1, n);
    expect(ledger.entries.length).toBeLessThan(50);
    expect(listing(settle(ledger, 0, ledger.entries[0]?.number ?? 0, 'stored'))).toHaveLength(1);
  });
});

describe('going on', () => {
  test.each([
    ['the shorter one', [0.4, 1]],
    ['the longer one', [1, 0.4]],
  ])(
    'where renditions end at different times, time goes on after the longest, when %s is closed first',
    (_, [a, b]) => {
      const opened = openEpoch(createLedger(options()), start);
      const ledger = close(close(close(opened, 0, 0, a), 1, 0, b), 0, 1, 1);
      expect(ledger.entries[1]?.programDateTime).toBe(start + 1000);
    },
  );

  test('a new run after an end begins with an empty window and one discontinuity, and drops ENDLIST with its first segment', () => {
    let ledger = endLedger([0, 1, 2].reduce((rest, n) => stored(rest, n), openEpoch(createLedger(options()), start)));
    ledger = mergeLedger(options('run2'), ledger, playlists(ledger));
    expect(textOf(ledger, 0, '2')).toBeUndefined();
    const text = textOf(stored(openEpoch(ledger, start + 60_000), 3), 0, '2') ?? '';
    expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:3\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-DISCONTINUITY\n');
    expect(text).not.toContain('ENDLIST');
  });

  test('a new owner without a working copy continues what viewers have seen', () => {
    const before = [0, 1, 2].reduce((rest, n) => stored(rest, n), openEpoch(createLedger(options()), start));
    const after = stored(openEpoch(mergeLedger(options(), undefined, playlists(before)), start), 13);
    expect(listing(after)).toEqual(['0', '1', '2', '13']);
    expect(textOf(after, 0, '2')?.match(/DISCONTINUITY\n/g)).toHaveLength(1);
  });

  test('a stale working copy that contradicts the playlists is not believed', () => {
    const other = [0, 1].reduce((rest, n) => stored(rest, n), skipTo(openEpoch(createLedger(options()), start), 0));
    const seen = [20, 21, 22].reduce((rest, n) => stored(rest, n), openEpoch(createLedger(options()), start));
    const merged = mergeLedger(options(), other, playlists(seen));
    expect(merged).toMatchObject({ entries: [], nextMediaSequence: 3, nextNumber: 23 });
  });

  test('a larger window in the next run does not bring back what has left the playlist', () => {
    const before = [0, 1, 2, 3, 4, 5].reduce((rest, n) => stored(rest, n), openEpoch(createLedger(options()), start));
    const merged = mergeLedger(options('run2', 2, 6), before, playlists(before));
    expect(listing(stored(openEpoch(merged, start), 6))).toEqual(['2', '3', '4', '5', '6']);
  });

  test('a run with other renditions in between used up sequence numbers, so an old listing is not continued', () => {
    const ladder = [0, 1, 2].reduce((rest, n) => stored(rest, n), openEpoch(createLedger(options()), start));
    const single = { ...options('run2', 1), stems: streamFiles('show', undefined).stems };
    let between = openEpoch(mergeLedger(single, ladder, [undefined]), start);
    for (const n of [3, 4]) between = stored(between, n, [0]);
    const after = stored(openEpoch(mergeLedger(options('run3'), between, playlists(ladder)), start), 5);
    expect(listing(after)).toEqual(['5']);
    expect(textOf(after, 0, '3')).toContain('#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n');
  });

  test('renditions that were not published yet are continued too', () => {
    const before = [0, 1].reduce((rest, n) => stored(rest, n), openEpoch(createLedger(options()), start));
    const merged = mergeLedger(options(), undefined, playlists(before).with(1, undefined));
    const known = [0, 1].reduce((rest, n) => settle(rest, 1, n, 'stored'), merged);
    expect(listing(stored(openEpoch(known, start), 2), 1)).toEqual(['0', '1', '2']);
  });

  test('numbers and sequence go on from a playlist that FFmpeg wrote', () => {
    const text =
      '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:4.0,\nshow_007.ts\n#EXT-X-ENDLIST\n';
    const single = { ...options('run2', 1), stems: streamFiles('show', undefined).stems };
    expect(mergeLedger(single, undefined, [parseMediaPlaylist(text)])).toMatchObject({
      entries: [],
      nextMediaSequence: 8,
      nextNumber: 8,
    });
  });

  test('a clock that went back does not take program date-time with it', () => {
    const ledger = stored(openEpoch(stored(openEpoch(createLedger(options()), start), 0), start - 60_000), 1);
    expect(ledger.entries[1]?.programDateTime).toBe(start + seconds(0) * 1000);
  });

  test('a segment longer than the target is listed with the longest duration that rounds to it', () => {
    const ledger = settle(close(openEpoch(createLedger(options('run1', 1)), start), 0, 0, 5.6), 0, 0, 'stored');
    expect(textOf(ledger, 0, '1')).toContain('#EXTINF:4.499999,\n');
  });
});

const playlists = (ledger: Ledger) => ledger.stems.map((_, r) => parseMediaPlaylist(textOf(ledger, r, '1') ?? ''));

type Step =
  | { do: 'close' | 'store' | 'fail' | 'late' | 'publish'; rendition: number; pick: number }
  | { do: 'save' }
  | { do: 'reconnect'; jumpMs: number }
  | { do: 'failover'; copy: 'last' | 'saved' | 'none' }
  | { do: 'newRun'; orderly: boolean };

const rendition = fc.nat({ max: 1 });
const work = (weight: number, what: 'close' | 'store' | 'fail' | 'late' | 'publish') => ({
  weight,
  arbitrary: fc.record({ do: fc.constant(what), rendition, pick: fc.nat({ max: 9 }) }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  work(12, 'close'),
  work(12, 'store'),
  work(2, 'fail'),
  work(1, 'late'),
  work(8, 'publish'),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('save' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('reconnect' as const), jumpMs: fc.integer({ min: -9_000, max: 90_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('failover' as const), copy: fc.constantFrom('last', 'saved', 'none') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('newRun' as const), orderly: fc.boolean() }) },
);

/** A stream as its viewers and its store see it, whatever happens behind. */
class World {
  ledger = openEpoch(createLedger(options()), start);
  saved: Ledger | undefined;
  published: (string | undefined)[] = [undefined, undefined];
  readonly bucket = new Set<string>();
  /** What each media sequence number ever was, over both renditions. */
  readonly #facts = new Map<number, string>();
  readonly #states = new Map<string, string>();
  #runs = 1;
  #time = start;

  run(step: Step): void {
    if (step.do === 'save') this.saved = this.ledger;
    else if (step.do === 'reconnect') this.#reconnect(step.jumpMs);
    else if (step.do === 'failover') this.#recover(`run${this.#runs}`, this.#copy(step.copy));
    else if (step.do === 'newRun') this.#newRun(step.orderly);
    else if (step.do === 'publish') this.publish(step.rendition);
    else this.#work(step);
  }

  publish(r: number): void {
    const text = textOf(this.ledger, r, '1');
    if (text === undefined || text === this.published[r]) return;
    this.#check(r, text);
    this.published[r] = text;
  }

  #copy(which: 'last' | 'saved' | 'none'): Ledger | undefined {
    return which === 'last' ? this.ledger : which === 'saved' ? this.saved : undefined;
  }

  #work({ do: what, rendition: r, pick }: { do: string; rendition: number; pick: number }): void {
    if (what === 'close') {
      // The first number this rendition has not closed: of an entry that the other one began, or a new one.
      const open = this.ledger.entries.find(({ segments }) => segments[r] === null)?.number ?? this.ledger.nextNumber;
      this.ledger = close(this.ledger, r, open);
      return;
    }
    const from = what === 'late' ? 'gap' : 'pending';
    const segments = this.ledger.entries.filter(entry => entry.segments[r]?.state === from);
    const entry = segments[pick % Math.max(1, segments.length)];
    const segment = entry?.segments[r];
    if (!entry || !segment) return;
    if (what !== 'fail') this.bucket.add(segment.key);
    this.ledger = settle(this.ledger, r, entry.number, what === 'fail' ? 'gap' : 'stored');
  }

  #reconnect(jumpMs: number): void {
    this.#time += jumpMs;
    this.ledger = openEpoch(closeEpoch(this.ledger), this.#time);
  }

  #newRun(orderly: boolean): void {
    if (orderly) {
      this.ledger = endLedger(this.ledger);
      for (const r of [0, 1]) this.publish(r);
    }
    this.#runs += 1;
    this.#recover(`run${this.#runs}`, orderly ? this.ledger : this.saved);
  }

  /** As recovery.ts does it: read back, ask the store, go beyond every name in the bucket. */
  #recover(run: string, copy: Ledger | undefined): void {
    let merged = closeEpoch(
      mergeLedger(
        options(run),
        copy,
        this.published.map(text => parseMediaPlaylist(text ?? '')),
      ),
    );
    for (const { number, segments } of merged.entries) {
      segments.forEach((segment, r) => {
        if (segment?.state === 'pending')
          merged = settle(merged, r, number, this.bucket.has(segment.key) ? 'stored' : 'gap');
      });
    }
    const highest = Math.max(-1, ...[...this.bucket].map(key => segmentNumber(key) ?? -1));
    this.ledger = openEpoch(skipTo(merged, Math.max(highest, merged.nextNumber) + 10), this.#time);
  }

  #check(r: number, text: string): void {
    const before = parseMediaPlaylist(this.published[r] ?? '');
    const now = parseMediaPlaylist(text);
    if (!now) throw new Error('not a playlist');
    expect(now.targetDuration).toBe(4);
    expect(now.mediaSequence).toBeGreaterThanOrEqual(before?.mediaSequence ?? 0);
    expect(now.mediaSequence + now.segments.length).toBeGreaterThanOrEqual(
      before ? before.mediaSequence + before.segments.length : 0,
    );
    expect(now.segments.length).toBeLessThanOrEqual(4);
    expect([now.segments.at(0)?.gap, now.segments.at(-1)?.gap]).toEqual([false, false]);
    expect(text.includes('EXT-X-GAP')).toBe(text.includes('VERSION:8'));
    this.#checkSegments(r, now);
  }

  #checkSegments(r: number, now: NonNullable<ReturnType<typeof parseMediaPlaylist>>): void {
    let discontinuities = now.discontinuitySequence;
    let earliest = 0;
    now.segments.forEach((segment, i) => {
      const sequence = now.mediaSequence + i;
      if (segment.discontinuity) discontinuities += 1;
      expect(Math.round(segment.durationSeconds)).toBeLessThanOrEqual(now.targetDuration);
      expect(segment.programDateTime).toBeGreaterThanOrEqual(earliest - 1);
      earliest = (segment.programDateTime ?? 0) + segment.durationSeconds * 1000;
      const { durationSeconds, discontinuity, programDateTime } = segment;
      const fact = {
        number: segmentNumber(segment.uri),
        durationSeconds,
        discontinuity,
        discontinuities,
        programDateTime,
      };
      expect(JSON.stringify(fact)).toBe(this.#facts.get(sequence) ?? JSON.stringify(fact));
      this.#facts.set(sequence, JSON.stringify(fact));
      const state = segment.gap ? 'gap' : 'stored';
      expect(this.#states.get(`${r} ${sequence}`) ?? state).toBe(state);
      this.#states.set(`${r} ${sequence}`, state);
      if (!segment.gap) expect(this.bucket).toContain(`show/${segment.uri}`);
    });
  }
}

test('whatever happens, viewers see one consistent stream that only goes forward', () => {
  let published = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 150 }), steps => {
      const world = new World();
      for (const each of steps) world.run(each);
      for (const r of [0, 1]) world.publish(r);
      published += world.published.filter(Boolean).length;
      // What Redis gives back is what was saved.
      expect(JSON.parse(JSON.stringify(world.ledger))).toEqual(world.ledger);
    }),
    { numRuns: 300 },
  );
  expect(published).toBeGreaterThan(300);
});
