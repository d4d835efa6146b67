import type { Ledger } from './ledger.ts';
import type { RenderedPlaylist } from './renderedPlaylist.ts';

/** EXT-X-GAP came with version 8, EXT-X-INDEPENDENT-SEGMENTS with 6 (RFC 8216bis section 8). */
export const VERSION = 6;
export const VERSION_WITH_GAP = 8;

/** A comment for players; for us, whose playlist this is, and what makes two owners' equal texts differ (and their ETags). */
export const OWNER = '## livetran owner ';

/**
 * One rendition's media playlist, or undefined while it has nothing to list.
 * @param owner the fencing token of the one who writes it
 */
export function mediaPlaylist(ledger: Ledger, rendition: number, owner: string): RenderedPlaylist | undefined {
  const head = ledger.head[rendition] ?? 0;
  const last = ledger.listed[rendition] ?? -1;
  const listed = ledger.entries.filter(({ mediaSequence }) => mediaSequence >= head && mediaSequence <= last);
  const [first] = listed;
  if (!first) return undefined;
  const gaps = new Set(listed.filter(entry => entry.segments[rendition]?.state === 'gap').map(({ number }) => number));
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${gaps.size > 0 ? VERSION_WITH_GAP : VERSION}`,
    `${OWNER}${owner}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-TARGETDURATION:${ledger.targetDuration}`,
    `#EXT-X-MEDIA-SEQUENCE:${first.mediaSequence}`,
    // The first segment's own discontinuity is still in the playlist, so it does not count yet.
    `#EXT-X-DISCONTINUITY-SEQUENCE:${first.discontinuitySequence - (first.discontinuity ? 1 : 0)}`,
  ];
  for (const entry of listed) {
    const segment = entry.segments[rendition];
    if (!segment) continue;
    const durationSeconds = listedSeconds(segment.durationSeconds, ledger.targetDuration);
    lines.push(...segmentLines({ ...entry, ...segment, durationSeconds, gap: segment.state === 'gap' }));
  }
  if (ledger.ended) lines.push('#EXT-X-ENDLIST');
  const text = `${lines.join('\n')}\n`;
  const numbers = { first: first.number, last: listed.at(-1)?.number ?? first.number, gaps };
  return { text, mediaSequence: first.mediaSequence, listed: numbers };
}

/** One segment of a media playlist. */
export function segmentLines(segment: {
  key: string;
  durationSeconds: number;
  discontinuity: boolean;
  gap: boolean;
  programDateTime: number;
}): string[] {
  return [
    ...(segment.discontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
    `#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.programDateTime).toISOString()}`,
    ...(segment.gap ? ['#EXT-X-GAP'] : []),
    `#EXTINF:${segment.durationSeconds.toFixed(6)},`,
    segment.key.slice(segment.key.lastIndexOf('/') + 1),
  ];
}

/**
 * The target duration never changes within a run and is never exceeded after rounding (RFC 8216 section 4.3.3.1), both
 * unconditionally. A segment that is longer all the same (a hole in the source's time) is listed with the longest
 * duration that rounds to the target; players time by the media, and program date-times stay true.
 */
export const listedSeconds = (seconds: number, target: number): number => Math.min(seconds, target + 0.499_999);

/** The same playlist in another owner's name: the write that takes it over. */
export function withOwner(text: string, owner: string): string {
  const lines = text.split('\n').filter(line => !line.startsWith(OWNER));
  lines.splice(Math.min(2, lines.length), 0, `${OWNER}${owner}`);
  return lines.join('\n');
}
