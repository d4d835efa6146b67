export interface ParsedPlaylist {
  /** Absolute URLs, in order; segments marked EXT-X-GAP are left out: a player does not fetch them. */
  segments: string[];
  /** Of a multivariant playlist: the media playlists and the picture sizes that it promises ("1280x720"). */
  variants: { url: string; resolution: string | undefined }[];
  /** EXT-X-ENDLIST: the stream is over. */
  ended: boolean;
}

/** The little of RFC 8216 that a proof needs. Throws when the text is no playlist. */
export function parsePlaylist(text: string, url: string): ParsedPlaylist {
  const lines = text.split(/\r?\n/);
  if (lines[0] !== '#EXTM3U') throw new Error(`${url} is not a playlist: it does not begin with #EXTM3U`);
  const playlist: ParsedPlaylist = { segments: [], variants: [], ended: lines.includes('#EXT-X-ENDLIST') };
  let variant: string | undefined;
  let gap = false;
  for (const line of lines) {
    if (line.startsWith('#EXT-X-STREAM-INF:')) variant = line;
    if (line === '#EXT-X-GAP') gap = true;
    if (line === '' || line.startsWith('#')) continue;
    const target = new URL(line, url).href;
    if (variant !== undefined)
      playlist.variants.push({ url: target, resolution: /RESOLUTION=(\d+x\d+)/.exec(variant)?.[1] });
    else if (!gap) playlist.segments.push(target);
    variant = undefined;
    gap = false;
  }
  return playlist;
}
