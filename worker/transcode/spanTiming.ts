import type { EpochTiming } from '../segment/epochTiming.ts';
import type { ResumePoint } from '../segment/segmentEpoch.ts';
import { isSamePicture, ticksBetween, ticksPerSecond, wrapTicks } from '../segment/ticks.ts';
import type { SpanPlan } from './spanPlan.ts';

/** More than a router keeps of a connection: what is further away is another time. */
const LONGEST_TICKS = 60 * ticksPerSecond;

/** How a span's media lies to what viewers have. */
export interface SpanTiming {
  /** The epoch may go on where what viewers have ends. */
  resumes: boolean;
  /** FFmpeg begins to encode so long after the first picture. */
  skipSeconds: number;
  epoch: EpochTiming;
}

/**
 * What viewers have of the media is left out: by FFmpeg where it encodes every picture, else by the segmenter. The timestamps go on where
 * those of the segments before end. Pure.
 * @param options.firstPts the encoder's PTS of the span's first picture; undefined: it has none
 * @param options.resume of a connection that was moved; undefined: the span is new
 */
export function spanTiming(options: {
  picture: SpanPlan['picture'];
  firstPts: number | undefined;
  resume: ResumePoint | undefined;
}): SpanTiming {
  const { picture, firstPts, resume } = options;
  const isOwn = picture === 'direct';
  const skip = resume && skipTicks(firstPts, resume.source);
  if (firstPts === undefined || resume === undefined || skip === undefined)
    return { resumes: false, skipSeconds: 0, epoch: { sourceStart: isOwn ? 'own' : firstPts } };
  if (isOwn) return { resumes: true, skipSeconds: 0, epoch: { sourceStart: 'own', beginPts: resume.source } };
  if (picture !== 'encode') {
    const startPts = wrapTicks(resume.pts - skip);
    return { resumes: true, skipSeconds: 0, epoch: { sourceStart: firstPts, startPts, beginPts: resume.pts } };
  }
  const sourceStart = wrapTicks(firstPts + skip);
  return { resumes: true, skipSeconds: skip / ticksPerSecond, epoch: { sourceStart, startPts: resume.pts } };
}

/** How much viewers have, in ticks after the first picture; undefined: what comes does not go on from there. */
function skipTicks(firstPts: number | undefined, source: number): number | undefined {
  if (firstPts === undefined) return undefined;
  const ahead = ticksBetween(firstPts, source);
  if (isSamePicture(firstPts, source)) return 0;
  // It begins after what viewers have: all of it is new, behind a hole.
  return Math.abs(ahead) > LONGEST_TICKS ? undefined : Math.max(0, ahead);
}
