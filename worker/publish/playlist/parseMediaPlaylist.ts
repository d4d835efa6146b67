export interface ParsedSegment {
  uri: string;
  durationSeconds: number;
  discontinuity: boolean;
  gap: boolean;
  /** ms since 1970; undefined when the segment has none. */
  programDateTime: number | undefined;
}

export interface ParsedMediaPlaylist {
  targetDuration: number;
  mediaSequence: number;
  discontinuitySequence: number;
  ended: boolean;
  segments: ParsedSegment[];
}

/** Reads a media playlist: our own back from the store, or FFmpeg's list. Undefined when the text is not one. */
export function parseMediaPlaylist(text: string): ParsedMediaPlaylist | undefined {
  const lines = text.split(/\r?\n/).map(line => line.trim());
  if (lines[0] !== '#EXTM3U') return undefined;
  const playlist: ParsedMediaPlaylist = {
    targetDuration: 0,
    mediaSequence: 0,
    discontinuitySequence: 0,
    ended: false,
    segments: [],
  };
  let next = emptySegment();
  for (const line of lines.slice(1)) {
    if (line === '') continue;
    if (line.startsWith('#')) {
      const colon = line.indexOf(':');
      readTag(playlist, next, colon < 0 ? line : line.slice(0, colon), colon < 0 ? '' : line.slice(colon + 1));
      continue;
    }
    playlist.segments.push({ ...next, uri: line });
    next = emptySegment();
  }
  return playlist;
}

const emptySegment = (): ParsedSegment => ({
  uri: '',
  durationSeconds: 0,
  discontinuity: false,
  gap: false,
  programDateTime: undefined,
});

function readTag(playlist: ParsedMediaPlaylist, next: ParsedSegment, tag: string, value: string): void {
  switch (tag) {
    case '#EXTINF':
      next.durationSeconds = Number.parseFloat(value) || 0;
      break;
    case '#EXT-X-DISCONTINUITY':
      next.discontinuity = true;
      break;
    case '#EXT-X-GAP':
      next.gap = true;
      break;
    case '#EXT-X-PROGRAM-DATE-TIME': {
      const time = Date.parse(value);
      next.programDateTime = Number.isNaN(time) ? undefined : time;
      break;
    }
    case '#EXT-X-TARGETDURATION':
      playlist.targetDuration = Number(value) || 0;
      break;
    case '#EXT-X-MEDIA-SEQUENCE':
      playlist.mediaSequence = Number(value) || 0;
      break;
    case '#EXT-X-DISCONTINUITY-SEQUENCE':
      playlist.discontinuitySequence = Number(value) || 0;
      break;
    case '#EXT-X-ENDLIST':
      playlist.ended = true;
      break;
  }
}
