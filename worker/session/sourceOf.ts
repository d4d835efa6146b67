import type { StreamSource } from '../../common/stream/streamSource.ts';
import type { Inputs } from '../transcode/chooseInputs.ts';
import type { Encoding } from '../transcode/encoding.ts';
import { limitedTo } from '../transcode/ladderRungs.ts';
import { copiesPicture, type SpanPlan } from '../transcode/spanPlan.ts';

/** What the encoder sends and what is made of it, for the record. Pure. */
export function sourceOf(encoding: Pick<Encoding, 'renditions'>, inputs: Inputs, plan: SpanPlan): StreamSource {
  const { video, audio, size } = inputs;
  const own = { width: size?.width ?? null, height: size?.height ?? null };
  return {
    video: { codec: video.codec, ...own },
    audio: typeof audio === 'string' ? null : { codec: audio.codec },
    renditions: plan.renditions.map((place, i) => {
      const rendition = encoding.renditions[place];
      if (!rendition || (i === 0 && copiesPicture(plan))) return { ...own, videoKbps: null };
      return { ...sizeOf(limitedTo(rendition, size), size), videoKbps: rendition.video };
    }),
  };
}

/** The single profile may have one of the two sizes, or none: the source's shape decides (videoFilter.ts). */
function sizeOf(
  { width, height, maxHeight }: Encoding['renditions'][number],
  size: Inputs['size'],
): { width: number | null; height: number | null } {
  if (width !== undefined && height !== undefined) return { width, height };
  if (size === undefined) return { width: width ?? null, height: height ?? null };
  const target = height ?? Math.min(size.height, maxHeight ?? size.height);
  const scale = width === undefined ? target / size.height : width / size.width;
  return { width: even(size.width * scale), height: even(size.height * scale) };
}

const even = (pixels: number): number => Math.max(2, Math.trunc(pixels / 2) * 2);
