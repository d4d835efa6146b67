import type { LedgerEntry } from './ledger.ts';
import { listedSeconds, OWNER, segmentLines, VERSION_WITH_GAP } from './mediaPlaylist.ts';
import type { RenderedPlaylist } from './renderedPlaylist.ts';

/**
 * One rendition's playlist that only grows (EXT-X-PLAYLIST-TYPE:EVENT), as far as it was published: what is in it can
 * never change (RFC 8216 section 4.3.3.5), so it is kept as text, and a segment costs the same after eight hours.
 */
export interface EventList {
  run: string;
  /** Media sequence numbers of its first and last segment. */
  first: number;
  last: number;
  /** EXT-X-DISCONTINUITY-SEQUENCE. */
  discontinuitySequence: number;
  targetDuration: number;
  body: string;
  /** What this owner has listed; before its first segment: none, since it waits for none of the others'. */
  listed: RenderedPlaylist['listed'];
}

const NOTHING: RenderedPlaylist['listed'] = { first: 0, last: -1, gaps: new Set() };
const TYPE = '#EXT-X-PLAYLIST-TYPE:EVENT';
/** For us: another run's list is not continued. */
const RUN = '## livetran run ';
const END = '#EXT-X-ENDLIST\n';

/**
 * The list with further segments, in order. One that was given up stays a gap here even when it is stored later. A list
 * that the segments do not follow directly cannot go on: another begins with them.
 */
export function extendEvent(
  list: EventList | undefined,
  entries: readonly LedgerEntry[],
  options: { rendition: number; run: string; targetDuration: number },
): EventList | undefined {
  const follows = list && (entries[0] === undefined || entries[0].mediaSequence === list.last + 1);
  const start = follows ? 0 : entries.findIndex(entry => entry.segments[options.rendition]?.state === 'stored');
  const [first] = entries.slice(start);
  if (start < 0 || !first) return follows ? list : undefined;
  const targetDuration = follows ? list.targetDuration : options.targetDuration;
  const added = entries.slice(start);
  const lines = added.flatMap(entry => eventLines(entry, options.rendition, targetDuration));
  const listed = extendListed(follows ? list.listed : NOTHING, added, options.rendition);
  const last = entries.at(-1)?.mediaSequence ?? first.mediaSequence;
  const text = `${lines.join('\n')}\n`;
  if (follows) return { ...list, last, listed, body: list.body + text };
  const discontinuitySequence = first.discontinuitySequence - (first.discontinuity ? 1 : 0);
  const { run } = options;
  return { run, first: first.mediaSequence, last, discontinuitySequence, targetDuration, listed, body: text };
}

function extendListed(
  before: RenderedPlaylist['listed'],
  added: readonly LedgerEntry[],
  rendition: number,
): RenderedPlaylist['listed'] {
  const gaps = added.filter(({ segments }) => segments[rendition]?.state !== 'stored').map(({ number }) => number);
  return {
    first: before.first,
    last: added.at(-1)?.number ?? before.last,
    gaps: gaps.length > 0 ? new Set([...before.gaps, ...gaps]) : before.gaps,
  };
}

function eventLines(entry: LedgerEntry, rendition: number, targetDuration: number): string[] {
  const segment = entry.segments[rendition];
  if (!segment) return [];
  const durationSeconds = listedSeconds(segment.durationSeconds, targetDuration);
  return segmentLines({ ...entry, ...segment, durationSeconds, gap: segment.state !== 'stored' });
}

/** @param owner the fencing token of the one who writes it */
export function eventText(list: EventList, owner: string, ended: boolean): string {
  const header = [
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION_WITH_GAP}`,
    `${OWNER}${owner}`,
    `${RUN}${list.run}`,
    TYPE,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-TARGETDURATION:${list.targetDuration}`,
    `#EXT-X-MEDIA-SEQUENCE:${list.first}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${list.discontinuitySequence}`,
  ];
  return `${header.join('\n')}\n${list.body}${ended ? END : ''}`;
}

/** Reads a published list back, to go on with it. Undefined when the text is none of this run's. */
export function parseEvent(text: string, run: string): EventList | undefined {
  const head = /^#EXT-X-DISCONTINUITY-SEQUENCE:(\d+)\n/m.exec(text);
  if (!head || !text.includes(`\n${TYPE}\n`) || !text.includes(`\n${RUN}${run}\n`)) return undefined;
  const body = text.slice(head.index + head[0].length).replace(END, '');
  const number = (tag: string): number => Number(new RegExp(`^#${tag}:(\\d+)$`, 'm').exec(text)?.[1]);
  const first = number('EXT-X-MEDIA-SEQUENCE');
  const count = body.match(/^[^#\n].*$/gm)?.length ?? 0;
  if (Number.isNaN(first) || count === 0) return undefined;
  const targetDuration = number('EXT-X-TARGETDURATION');
  const last = first + count - 1;
  return { run, first, last, discontinuitySequence: Number(head[1]), targetDuration, body, listed: NOTHING };
}
