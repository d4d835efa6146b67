/** A media playlist's text, and what it lists, so that the text need not be parsed. */
export interface RenderedPlaylist {
  text: string;
  /** EXT-X-MEDIA-SEQUENCE. */
  mediaSequence: number;
  /** Numbers of the segments (not media sequence numbers): `first` to `last`, those among them that are EXT-X-GAP. */
  listed: { first: number; last: number; gaps: ReadonlySet<number> };
}
