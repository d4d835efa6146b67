/** A part as it is listed. */
export interface ListedPart {
  uri: string;
  seconds: number;
  isIndependent: boolean;
}

export interface ListedSegment {
  mediaSequence: number;
  uri: string;
  /** Undefined: it is open. */
  seconds: number | undefined;
  discontinuity: boolean;
  /** Discontinuities up to and with it. */
  discontinuitySequence: number;
  /** ms since 1970. */
  programDateTime: number;
  isGap: boolean;
  /** Empty: they are not known any more. */
  parts: readonly ListedPart[];
}

/** Where another rendition's playlist ends. */
export interface RenditionReport {
  uri: string;
  mediaSequence: number;
  /** Undefined: it has no parts there. */
  part: number | undefined;
}

/** One rendition's live edge. */
export interface EdgeView {
  /** Seconds. */
  targetDuration: number;
  /** Seconds; undefined: no part was made yet. */
  partTarget: number | undefined;
  segments: readonly ListedSegment[];
  /** URI of the part that comes next; undefined: none does. */
  hint: string | undefined;
  reports: readonly RenditionReport[];
  ended: boolean;
}

/** EXT-X-SKIP came with version 9 (RFC 8216bis section 8). */
const VERSION = 9;
/** In target durations: CAN-SKIP-UNTIL (at least 6, section 4.4.3.8), and how far back parts are listed (section 6.2.2). */
const SKIP_UNTIL = 6;
const PARTS_WITHIN = 3;
/** In part targets: PART-HOLD-BACK (at least 2, better 3, section 4.4.3.8). */
const HOLD_BACK = 3;

/**
 * A media playlist of Low-Latency HLS (RFC 8216bis): parts at its end, the next part's name, where the other renditions are. Pure.
 * @param skips leaves out what a viewer of an earlier version has (a delta update, section 6.2.5.1)
 */
export function lowLatencyPlaylist(view: EdgeView, skips = false): string {
  const { targetDuration, partTarget, segments, hint, reports, ended } = view;
  const [first] = segments;
  const ages = agesOf(segments);
  const skipped = skips ? ages.filter(({ end }) => end >= SKIP_UNTIL * targetDuration).length : 0;
  const control = [
    'CAN-BLOCK-RELOAD=YES',
    ...(partTarget === undefined ? [] : [`PART-HOLD-BACK=${decimal(HOLD_BACK * partTarget)}`]),
    `CAN-SKIP-UNTIL=${decimal(SKIP_UNTIL * targetDuration)}`,
  ];
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-TARGETDURATION:${targetDuration}`,
    `#EXT-X-SERVER-CONTROL:${control.join(',')}`,
    ...(partTarget === undefined ? [] : [`#EXT-X-PART-INF:PART-TARGET=${decimal(partTarget)}`]),
    `#EXT-X-MEDIA-SEQUENCE:${first?.mediaSequence ?? 0}`,
    // The first segment's own discontinuity is still in the playlist, so it does not count yet.
    `#EXT-X-DISCONTINUITY-SEQUENCE:${first ? first.discontinuitySequence - (first.discontinuity ? 1 : 0) : 0}`,
    ...(skipped > 0 ? [`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`] : []),
  ];
  for (const [i, segment] of segments.entries()) {
    const isNear = !ended && (ages[i]?.start ?? 0) <= PARTS_WITHIN * targetDuration;
    if (i >= skipped) lines.push(...segmentLines(segment, isNear));
  }
  if (hint !== undefined && !ended) lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${hint}"`);
  if (!ended) lines.push(...reports.map(reportLine));
  if (ended) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}

/** How far before the playlist's end each segment starts and ends, seconds. */
function agesOf(segments: readonly ListedSegment[]): { start: number; end: number }[] {
  const ages: { start: number; end: number }[] = [];
  let age = 0;
  for (const { seconds, parts } of segments.toReversed()) {
    const end = age;
    age += seconds ?? parts.reduce((sum, part) => sum + part.seconds, 0);
    ages.unshift({ start: age, end });
  }
  return ages;
}

function segmentLines(segment: ListedSegment, withParts: boolean): string[] {
  const { discontinuity, programDateTime, isGap, parts, seconds, uri } = segment;
  return [
    ...(discontinuity ? ['#EXT-X-DISCONTINUITY'] : []),
    `#EXT-X-PROGRAM-DATE-TIME:${new Date(programDateTime).toISOString()}`,
    ...(withParts ? parts.map(partLine) : []),
    ...(isGap ? ['#EXT-X-GAP'] : []),
    ...(seconds === undefined ? [] : [`#EXTINF:${seconds.toFixed(6)},`, uri]),
  ];
}

const partLine = ({ uri, seconds, isIndependent }: ListedPart): string =>
  `#EXT-X-PART:DURATION=${seconds.toFixed(5)},URI="${uri}"${isIndependent ? ',INDEPENDENT=YES' : ''}`;

const reportLine = ({ uri, mediaSequence, part }: RenditionReport): string =>
  `#EXT-X-RENDITION-REPORT:URI="${uri}",LAST-MSN=${mediaSequence}${part === undefined ? '' : `,LAST-PART=${part}`}`;

const decimal = (seconds: number): string => String(Math.round(seconds * 1_000) / 1_000);
