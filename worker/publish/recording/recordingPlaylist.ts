import type { LedgerEntry, LedgerSegment } from '../playlist/ledger.ts';
import { OWNER, segmentLines, VERSION, VERSION_WITH_GAP } from '../playlist/mediaPlaylist.ts';

interface Listed {
  entry: LedgerEntry;
  segment: LedgerSegment;
  /** Place in the run, from 0: the same in every rendition. */
  index: number;
}

/**
 * One rendition of a run as a recording, or undefined when nothing of it is stored. Numbering begins with the run, and is
 * the same media time in every rendition. What is not stored is a gap, except at both ends, where it is left out.
 * @param options.ended VOD; otherwise EVENT: a draft that still grows, and may still heal
 * @param options.lastGaps also gaps at the end: for a text that is to be completed before it is stored
 */
export function recordingPlaylist(
  entries: readonly LedgerEntry[],
  rendition: number,
  options: { owner: string; ended: boolean; lastGaps?: boolean },
): string | undefined {
  const all = entries.flatMap((entry, index): Listed[] => {
    const segment = entry.segments[rendition];
    return segment ? [{ entry, segment, index }] : [];
  });
  const isStored = ({ segment }: Listed): boolean => segment.state === 'stored';
  const end = options.lastGaps ? all.length : all.findLastIndex(isStored) + 1;
  const first = all.find(isStored);
  if (!first) return undefined;
  const listed = all.slice(all.indexOf(first), end);
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${listed.every(isStored) ? VERSION : VERSION_WITH_GAP}`,
    `${OWNER}${options.owner}`,
    `#EXT-X-PLAYLIST-TYPE:${options.ended ? 'VOD' : 'EVENT'}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-TARGETDURATION:${longestSeconds(entries)}`,
    `#EXT-X-MEDIA-SEQUENCE:${first.index}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${entries.slice(1, first.index).filter(entry => entry.discontinuity).length}`,
    ...listed.flatMap(({ entry, segment, index }) =>
      segmentLines({
        ...{ key: segment.key, durationSeconds: segment.durationSeconds, programDateTime: entry.programDateTime },
        // Nothing comes before the run's first segment.
        discontinuity: entry.discontinuity && index > 0,
        gap: segment.state !== 'stored',
      }),
    ),
    ...(options.ended ? ['#EXT-X-ENDLIST'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** EXT-X-TARGETDURATION: of all renditions, as section 6.2.4 of RFC 8216 wants it. */
function longestSeconds(entries: readonly LedgerEntry[]): number {
  let longest = 1;
  for (const { segments } of entries) {
    for (const segment of segments) longest = Math.max(longest, Math.round(segment?.durationSeconds ?? 0));
  }
  return longest;
}

/** The live multivariant playlist's text, with other names for its media playlists; those without a name are left out. */
export function renameVariants(text: string, names: ReadonlyMap<string, string>): string {
  const renamed: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#') || line === '') renamed.push(line);
    else if (names.has(line)) renamed.push(names.get(line) ?? line);
    else renamed.pop();
  }
  return renamed.join('\n');
}
