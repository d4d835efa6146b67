/** A media playlist's text, and what it lists, so that nobody parses the text again. */
export interface RenderedPlaylist {
  text: string;
  /** EXT-X-MEDIA-SEQUENCE. */
  mediaSequence: number;
  /** Numbers of the segments (not media sequence numbers): `first` to `last`, those among them that are EXT-X-GAP. */
  listed: { first: number; last: number; gaps: ReadonlySet<number> };
}
