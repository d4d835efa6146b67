import type { Readable } from 'node:stream';
import type { Segmenter } from './segmenter.ts';

/**
 * Reads MPEG-TS into a segmenter until the media ends, waiting while what it writes to has no room. Rejects as the media
 * does. An open segment is closed then, so that all media that came is in a segment.
 * @param writer its `room`: undefined, or a promise to wait for (SegmentFiles)
 */
export async function segmentMedia(
  media: Readable,
  segmenter: Segmenter,
  writer: { readonly room: Promise<void> | undefined },
): Promise<void> {
  try {
    for await (const chunk of media) {
      segmenter.push(chunk as Buffer);
      if (writer.room !== undefined) await writer.room;
    }
  } finally {
    segmenter.end();
  }
}
