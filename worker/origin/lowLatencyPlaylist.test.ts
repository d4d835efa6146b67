import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addClosed, closeEpoch, createLedger, type Ledger, openEpoch, settle } from '../publish/playlist/ledger.ts';
import { useUp } from '../publish/playlist/useUp.ts';
import { edgeView } from './edgeView.ts';
import { type EdgeView, lowLatencyPlaylist } from './lowLatencyPlaylist.ts';
import { type ReloadDirectives, reloadRule } from './reloadRule.ts';
import type { KeptSegment } from './renditionMemory.ts';
import { brokenPromises, brokenRules } from './testing/lowLatencyRules.ts';
import { readEdge } from './testing/readEdge.ts';

const PART = 0.334;

/** A stream's owner in short: media as parts and segments, uploads that settle when they like. */
class Stream {
  ledger: Ledger = createLedger({ streamId: 'a', run: 'r', stems: ['a'], window: 10, segmentSeconds: 2 });
  kept: KeptSegment[] = [];
  made = 0;
  from = 0;

  begin(): void {
    this.close();
    this.ledger = openEpoch(closeEpoch(this.ledger), this.ledger.clock + 5_000);
  }

  part(): void {
    let open = this.kept.at(-1);
    if (open === undefined || open.seconds !== undefined) {
      const number = Math.max(this.ledger.nextNumber, (open?.number ?? -1) + 1);
      open = { number, discontinuity: false, parts: [], bytes: 0, seconds: undefined, keySeconds: 1 };
      this.kept.push(open);
    }
    const isIndependent = open.parts.length % 3 === 0;
    open.parts.push({ uri: `a_p1-${this.made}.ts`, seconds: PART - 0.001, isIndependent, data: Buffer.alloc(0) });
    this.made += 1;
    if (open.parts.length === 6) this.close();
  }

  close(): void {
    const open = this.kept.at(-1);
    if (open === undefined || open.seconds !== undefined) return;
    open.seconds = open.parts.reduce((sum, { seconds }) => sum + seconds, 0);
    this.ledger = addClosed(this.ledger, {
      rendition: 0,
      number: open.number,
      durationSeconds: open.seconds,
      bytes: 1,
    });
  }

  /** The oldest upload ends. */
  upload(state: 'stored' | 'gap'): void {
    const pending = this.ledger.entries.find(({ segments }) => segments[0]?.state === 'pending');
    if (pending) this.ledger = settle(this.ledger, 0, pending.number, state);
  }

  /** The oldest segment leaves memory. */
  forget(): void {
    if (this.kept.length > 1) this.kept.shift();
  }

  /** The owner dies; another one goes on. */
  die(): void {
    this.ledger = useUp(closeEpoch(this.ledger), 2);
    this.kept = [];
    this.begin();
  }

  get view(): EdgeView {
    const memory = { segments: this.kept, nextPart: `a_p1-${this.made}.ts` };
    const from = Math.max(this.from, this.ledger.head[0] ?? 0);
    const view = edgeView({ ledger: this.ledger, rendition: 0, memory, partTarget: PART, from, reports: [] });
    this.from = view.segments[0]?.mediaSequence ?? this.from;
    return view;
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.constant('part' as const) },
    { weight: 3, arbitrary: fc.constant('stored' as const) },
    { weight: 1, arbitrary: fc.constantFrom('gap' as const, 'begin' as const, 'forget' as const, 'die' as const) },
  ),
  { minLength: 50, maxLength: 250, size: 'max' },
);

function take(stream: Stream, step: 'part' | 'stored' | 'gap' | 'begin' | 'forget' | 'die'): void {
  if (step === 'stored' || step === 'gap') stream.upload(step);
  else stream[step]();
}

test('whatever comes: no rule of RFC 8216bis is broken, nothing is listed that cannot be had, what was listed stays', () => {
  fc.assert(
    fc.property(steps, all => {
      const stream = new Stream();
      stream.begin();
      let before = readEdge(lowLatencyPlaylist(stream.view));
      for (const step of all) {
        take(stream, step);
        const { view } = stream;
        const text = lowLatencyPlaylist(view);
        const now = readEdge(text);
        expect(now.segments.at(-1)?.isGap ?? false, text).toBe(false);
        expect(brokenRules(text), text).toEqual([]);
        expect(brokenRules(lowLatencyPlaylist(view, true))).toEqual([]);
        if (before.segments.length > 0 && now.segments.length > 0)
          expect(brokenPromises(before, now), `${before.text}\n${text}`).toEqual([]);
        for (const segment of now.segments) {
          const entry = stream.ledger.entries.find(({ mediaSequence }) => mediaSequence === segment.mediaSequence);
          const isKept = stream.kept.some(({ number }) => number === (entry?.number ?? stream.kept.at(-1)?.number));
          if (!segment.isGap) expect(isKept || entry?.segments[0]?.state === 'stored', text).toBe(true);
        }
        before = now;
      }
    }),
    { numRuns: 200 },
  );
});

/** `parts` of a stream that has no trouble; every upload but the last has ended. */
function live(parts: number): Stream {
  const stream = new Stream();
  stream.begin();
  for (let i = 0; i < parts; i += 1) {
    stream.part();
    if (i % 6 === 0 && i > 6) stream.upload('stored');
  }
  return stream;
}

test('a delta update leaves out what is older than six target durations, and nothing else (sections 6.2.5.1, 4.4.5.2)', () => {
  const { view } = live(65);
  const [whole, delta] = [readEdge(lowLatencyPlaylist(view)), readEdge(lowLatencyPlaylist(view, true))];
  const skipped = Number(/SKIPPED-SEGMENTS=(\d+)/.exec(delta.text)?.[1]);
  expect(skipped).toBeGreaterThan(0);
  expect(delta.segments).toEqual(whole.segments.slice(skipped));
  const left = view.segments
    .slice(skipped)
    .reduce((sum, { seconds, parts }) => sum + (seconds ?? parts.length * 0.333), 0);
  expect(left).toBeGreaterThanOrEqual(12);
  expect(lowLatencyPlaylist(live(20).view, true)).not.toContain('EXT-X-SKIP');
});

test('at the end: ENDLIST, no part, no hint (section 4.4.3.4)', () => {
  const { view } = live(20);
  const text = lowLatencyPlaylist({ ...view, ended: true });
  expect(text).toMatch(/#EXT-X-ENDLIST\n$/);
  expect(text).not.toMatch(/EXT-X-PART:|PRELOAD-HINT|RENDITION-REPORT/);
});

// Segments 0 to 2 are whole, with six parts each; 3 is open with two.
test.each<[string, ReloadDirectives, 'now' | 'wait' | 'bad']>([
  ['nothing', {}, 'now'],
  ['a part without a segment', { part: 1 }, 'bad'],
  ['an old segment', { mediaSequence: 1 }, 'now'],
  ['an old part', { mediaSequence: 1, part: 2 }, 'now'],
  ['the open segment as a whole', { mediaSequence: 3 }, 'wait'],
  ['a part that is there', { mediaSequence: 3, part: 1 }, 'now'],
  ['the next part', { mediaSequence: 3, part: 2 }, 'wait'],
  ['a part too far ahead', { mediaSequence: 3, part: 30 }, 'bad'],
  ['past a whole segment: the first of the next one', { mediaSequence: 2, part: 6 }, 'now'],
  ['the segment after the open one', { mediaSequence: 4, part: 0 }, 'wait'],
  ['two after it', { mediaSequence: 5 }, 'wait'],
  ['three after it', { mediaSequence: 6 }, 'bad'],
])('a request for %s (section 6.2.5.2)', (_name, directives, rule) => {
  expect(reloadRule(live(20).view, directives)).toBe(rule);
});

test('past the last part of a segment with which nothing follows yet: waits for the first part of the next one', () => {
  const stream = live(18);
  expect(reloadRule(stream.view, { mediaSequence: 2, part: 5 })).toBe('now');
  expect(reloadRule(stream.view, { mediaSequence: 2, part: 6 })).toBe('wait');
  stream.part();
  expect(reloadRule(stream.view, { mediaSequence: 2, part: 6 })).toBe('now');
});
