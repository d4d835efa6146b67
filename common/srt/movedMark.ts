import { isDeepStrictEqual } from 'node:util';
import { parseSrtStreamId } from './parseSrtStreamId.ts';

/** libsrt's limit (SRTO_STREAMID). */
const STREAM_ID_BYTES = 512;
const MARK = 'moved=1,';
const STANDARD = '#!::';

/**
 * What a router adds to the stream id of a connection that it moves to another worker: the media begins with some of what the
 * worker before had, and its timestamps go on.
 */
export const movedMark = {
  isIn: (text: string): boolean => text.startsWith(MARK) || text.startsWith(STANDARD + MARK),

  /** The text as the caller sent it. */
  strip: (text: string): string =>
    text.startsWith(STANDARD + MARK)
      ? STANDARD + text.slice(STANDARD.length + MARK.length)
      : text.replace(/^moved=1,/, ''),

  /** The text with the mark; as it is where the mark would change its meaning or make it too long. */
  add(text: string): string {
    const isStandard = text.startsWith(STANDARD);
    const marked = isStandard ? STANDARD + MARK + text.slice(STANDARD.length) : MARK + text;
    const fits = Buffer.byteLength(marked) <= STREAM_ID_BYTES;
    return fits && isDeepStrictEqual(parseSrtStreamId(marked), parseSrtStreamId(text)) ? marked : text;
  },
};
