import type { EdgeView } from './lowLatencyPlaylist.ts';

/** `_HLS_msn` and `_HLS_part` (RFC 8216bis section 6.2.5). */
export interface ReloadDirectives {
  mediaSequence?: number | undefined;
  part?: number | undefined;
}

/** Part targets of this length and more: three parts ahead may be asked for (section 6.2.5.2, Advance Part Limit). */
const ADVANCE = 3;

/**
 * What becomes of a request for a media playlist (RFC 8216bis section 6.2.5.2): it is answered now, waits for more, or asks for what
 * no player can know of (`bad`).
 */
export function reloadRule(view: EdgeView, { mediaSequence, part }: ReloadDirectives): 'now' | 'wait' | 'bad' {
  const last = view.segments.at(-1);
  if (view.ended) return 'now';
  if (mediaSequence === undefined) return part !== undefined ? 'bad' : last ? 'now' : 'wait';
  if (last === undefined) return 'wait';
  const isOpen = last.seconds === undefined;
  const next = isOpen ? last.mediaSequence : last.mediaSequence + 1;
  const openParts = isOpen ? last.parts.length : 0;
  if (mediaSequence > next + 2) return 'bad';
  if (mediaSequence > next || part === undefined) return mediaSequence < next ? 'now' : 'wait';
  if (mediaSequence === next) return part < openParts ? 'now' : part > openParts + limit(view) ? 'bad' : 'wait';
  const count = view.segments.find(segment => segment.mediaSequence === mediaSequence)?.parts.length ?? 0;
  // Past a whole segment's parts comes the first one of the next segment.
  const isThere = part < count || count === 0 || mediaSequence + 1 < next || openParts > 0;
  return isThere ? 'now' : 'wait';
}

const limit = ({ partTarget = 1 }: EdgeView): number => Math.max(ADVANCE, Math.ceil(ADVANCE / partTarget));
