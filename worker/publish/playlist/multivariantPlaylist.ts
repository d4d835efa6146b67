import type { SegmentInfo } from '../spool/closedSegment.ts';
import { OWNER } from './mediaPlaylist.ts';

export interface Variant {
  /** Relative to the multivariant playlist. */
  uri: string;
  /** Bit/s. */
  bandwidth: { peak: number; average: number };
  /** What its segments hold; attributes of unknown parts are left out. */
  info: SegmentInfo | undefined;
}

/**
 * The multivariant playlist, RFC 8216 section 4.3.4 ("master playlist" there), in the order given.
 * @param owner the fencing token of the one who writes it
 */
export function multivariantPlaylist(variants: readonly Variant[], owner: string): string {
  const lines = variants.flatMap(({ uri, bandwidth, info }) => {
    const video = info?.video;
    const codecs = [video?.codec, info?.audio?.codec].filter(codec => codec !== undefined);
    const attributes = [
      `BANDWIDTH=${bandwidth.peak}`,
      `AVERAGE-BANDWIDTH=${bandwidth.average}`,
      ...(codecs.length > 0 ? [`CODECS="${codecs.join(',')}"`] : []),
      ...(video ? [`RESOLUTION=${video.width}x${video.height}`] : []),
      ...(video && video.frameRate > 0 ? [`FRAME-RATE=${video.frameRate.toFixed(3)}`] : []),
    ];
    return [`#EXT-X-STREAM-INF:${attributes.join(',')}`, uri];
  });
  return `${['#EXTM3U', '#EXT-X-VERSION:6', `${OWNER}${owner}`, '#EXT-X-INDEPENDENT-SEGMENTS', ...lines].join('\n')}\n`;
}
