import { describe, expect, test } from 'vitest';
import {
  addClosed,
  closeEpoch,
  createLedger,
  type Ledger,
  type LedgerFile,
  type LedgerOptions,
  openEpoch,
  settle,
  skipTo,
} from './ledger.ts';
import { mediaPlaylist } from './mediaPlaylist.ts';
import { mergeLedger } from './mergeLedger.ts';
import { parseMediaPlaylist } from './parseMediaPlaylist.ts';
import { resumeAt, withoutUnlisted } from './resume.ts';

const options: LedgerOptions = {
  streamId: 'show',
  run: 'r1',
  stems: ['show_0', 'show_1'],
  window: 6,
  segmentSeconds: 4,
};
const start = Date.parse('2026-01-01T00:00:00Z');
const form = 'direct/copied/0';
/** The encoder's clock is this much ahead of the segments'. */
const OFFSET = 90_000_000;
const SECONDS = 4;
const TICKS = SECONDS * 90_000;

/** Times of the segment that is the n-th of the encoder's. */
const times = (n: number, pts = n * TICKS) => ({
  ...{ start: pts, end: pts + TICKS },
  ...{ sourceStart: OFFSET + n * TICKS, sourceEnd: OFFSET + (n + 1) * TICKS },
});

const file = (rendition: number, number: number, n = number): LedgerFile => ({
  ...{ rendition, number, durationSeconds: SECONDS, bytes: 188, form, times: times(n) },
});

const closed = (ledger: Ledger, number: number, more: Partial<LedgerFile> = {}): Ledger =>
  [0, 1].reduce((rest, rendition) => addClosed(rest, { ...file(rendition, number), ...more }), ledger);

const stored = (ledger: Ledger, number: number, more: Partial<LedgerFile> = {}): Ledger =>
  [0, 1].reduce((rest, rendition) => settle(rest, rendition, number, 'stored'), closed(ledger, number, more));

/** Segments 0 to 2 are listed; 3 is closed, in one rendition. */
const left = (): Ledger => {
  const live = [0, 1, 2].reduce<Ledger>((rest, n) => stored(rest, n), openEpoch(createLedger(options), start));
  return addClosed(live, file(0, 3));
};

const playlists = (ledger: Ledger) =>
  [0, 1].map(rendition => parseMediaPlaylist(mediaPlaylist(ledger, rendition, '1')?.text ?? ''));

/** What the next owner makes of it: what is not in the store by then is lost. */
function recovered(ledger: Ledger): Ledger {
  const merged = closeEpoch(mergeLedger(options, ledger, playlists(ledger)));
  const settled = [0, 1].reduce((rest, rendition) => settle(rest, rendition, 3, 'gap'), merged);
  return skipTo(withoutUnlisted(settled), 14);
}

const later = start + 60_000;
const textOf = (ledger: Ledger): string => mediaPlaylist(ledger, 0, '2')?.text ?? '';

describe('a moved connection', () => {
  test('goes on where the listed segments end, without a discontinuity, and what was not listed is made again', () => {
    const next = openEpoch(recovered(left()), later);
    expect(resumeAt(next)).toEqual({ pts: 3 * TICKS, source: OFFSET + 3 * TICKS, form });
    const text = textOf(stored(next, 14, { times: times(3), resumes: true }));
    expect(text).toMatch(
      /show_0_002\.ts\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:12\.000Z\n#EXTINF:4\.000000,\nshow_0_014\.ts\n$/,
    );
    expect(text).not.toContain('DISCONTINUITY\n');
    expect(text).toContain('#EXT-X-DISCONTINUITY-SEQUENCE:0\n');
  });

  test.each<[string, Partial<LedgerFile>, string]>([
    ['made in another way: a discontinuity, at the same time', { form: 'encode/encoded/0' }, '00:00:12.000Z'],
    ['with other timestamps: a discontinuity, at the same time', { times: times(3, 77) }, '00:00:12.000Z'],
    ['behind a hole: a discontinuity, so much later', { times: times(5) }, '00:00:20.000Z'],
    ['from before what is listed: a discontinuity, when it came', { times: times(1) }, '00:01:00.000Z'],
    ['not moved: a discontinuity, when it came', { times: times(3), resumes: false }, '00:01:00.000Z'],
    ['whose times are not known: a discontinuity, when it came', { times: undefined }, '00:01:00.000Z'],
  ])('%s', (_name, more, time) => {
    const next = openEpoch(recovered(left()), later);
    const text = textOf(stored(next, 14, { times: times(3), resumes: true, ...more }));
    expect(text).toContain(`\n#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T${time}\n`);
  });

  test('the point is known of segments that only the playlists know, up to a discontinuity', () => {
    const copy = left();
    const seen = stored(stored(copy, 3), 4);
    const merged = mergeLedger(options, { ...copy, entries: copy.entries.slice(0, 3) }, playlists(seen));
    expect(resumeAt(merged)).toEqual({ pts: 5 * TICKS, source: OFFSET + 5 * TICKS, form });
    const broken = stored(openEpoch(seen, later), 5, { times: undefined });
    // Better a segment twice than all that a router holds.
    expect(resumeAt(mergeLedger(options, copy, playlists(broken)))).toEqual(resumeAt(merged));
  });

  test('of a long backlog only what a router holds is made again; the rest is a gap', () => {
    const backlog = [4, 5, 6, 7].reduce<Ledger>((rest, n) => closed(rest, n), addClosed(left(), file(1, 3)));
    const lost = [3, 4, 5, 6, 7].flatMap(n => [0, 1].map(rendition => ({ n, rendition })));
    const gone = lost.reduce<Ledger>((rest, { n, rendition }) => settle(rest, rendition, n, 'gap'), backlog);
    const next = openEpoch(skipTo(withoutUnlisted(gone), 18), later);
    expect(resumeAt(next)?.source).toBe(OFFSET + 6 * TICKS);
    const text = textOf(stored(next, 18, { times: times(6), resumes: true }));
    expect(text.match(/EXT-X-GAP/g)).toHaveLength(3);
    expect(text).not.toContain('DISCONTINUITY\n');
  });

  test('what was listed in one rendition stays', () => {
    const half = settle(addClosed(left(), file(1, 3)), 0, 3, 'stored');
    expect(half.listed).toEqual([3, 2]);
    const next = recovered(half);
    expect(next.entries.at(-1)?.number).toBe(3);
    expect(resumeAt(next)?.source).toBe(OFFSET + 4 * TICKS);
  });

  test('another run of the stream does not go on there', () => {
    const next = mergeLedger({ ...options, run: 'r2' }, left(), playlists(left()));
    expect(next.entries.length).toBeGreaterThan(0);
    expect(resumeAt(next)).toBeUndefined();
  });

  test('nothing is left out of a ledger in which nothing is listed', () => {
    const unlisted = closed(openEpoch(createLedger(options), start), 0);
    expect(withoutUnlisted(unlisted)).toBe(unlisted);
  });
});
