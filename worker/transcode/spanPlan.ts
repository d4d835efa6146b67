import type { StreamProfile } from '../../common/stream/streamProfile.ts';
import type { Inputs } from './chooseInputs.ts';
import type { Encoding } from './encoding.ts';
import { encodedRungs, rungsBelowCopy } from './ladderRungs.ts';

/** What is made of one span of media. */
export interface SpanPlan {
  /**
   * `direct`: the source's packets go to the segmenter as they came. `copy`: FFmpeg copies the picture and encodes the
   * sound. `copy_top`: FFmpeg copies the picture for the first rendition and encodes the others. `encode`: FFmpeg encodes.
   */
  picture: 'direct' | 'copy' | 'copy_top' | 'encode';
  /** Whether the source's sound is copied. */
  copiesAudio: boolean;
  /** The renditions that are made, as places in `Encoding.renditions`, from the largest to the smallest. */
  renditions: readonly number[];
}

/** Sound that players take in MPEG-TS. */
const playedAudio = ['aac', 'mp3'];

/** Whether a rendition of this plan is the encoder's own picture. */
export const copiesPicture = ({ picture }: SpanPlan): boolean => picture !== 'encode';

/** In what way a plan makes segments: those of one form can follow each other without EXT-X-DISCONTINUITY. */
export function formOf({ picture, copiesAudio, renditions }: SpanPlan, { audio }: Pick<Inputs, 'audio'>): string {
  const sound = audio === 'none' ? 'none' : copiesAudio ? 'copied' : 'encoded';
  return `${picture}/${sound}/${renditions.join('+')}`;
}

/** Whether a profile copies the source's picture where it can. */
export const copiesSource = (profile: StreamProfile): boolean =>
  profile === 'passthrough' || profile === 'ladder-source';

/**
 * The plan for a span. Pure.
 * @param options.isFallback the source cannot be passed on: it is encoded, whatever the profile says
 * @param options.made renditions that viewers have already (EpochSink)
 */
export function planSpan(options: {
  encoding: Encoding;
  inputs: Inputs;
  isFallback: boolean;
  made: readonly number[];
}): SpanPlan {
  const { encoding, inputs, isFallback, made } = options;
  const { profile, abr, renditions: ladder } = encoding;
  const encode: SpanPlan = {
    ...{ picture: 'encode', copiesAudio: false },
    renditions: abr ? encodedRungs(ladder, inputs.size, made) : [0],
  };
  if (!copiesSource(profile) || isFallback || inputs.video.codec !== 'h264') return encode;
  // Sound that is announced and does not come, or that HLS does not play, is made by FFmpeg; the picture is copied.
  const copiesAudio =
    inputs.audio === 'none' || (inputs.audio !== 'silence' && playedAudio.includes(inputs.audio.codec));
  if (profile === 'passthrough') return { picture: copiesAudio ? 'direct' : 'copy', copiesAudio, renditions: [0] };
  const renditions = rungsBelowCopy(ladder, inputs.size, made);
  return renditions ? { picture: 'copy_top', copiesAudio, renditions } : encode;
}
