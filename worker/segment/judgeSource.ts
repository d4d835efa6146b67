import type { SourceFault } from '../../common/stream/sourceFaults.ts';
import type { SourceFacts } from './sourceFacts.ts';

export interface SourceLimits {
  maxGopSeconds: number;
  maxKbps: number;
  /** How much earlier than shown a picture may be decoded, seconds. */
  maxReorderSeconds: number;
  /** Changes of size or profile that one connection may make. */
  maxFormatChanges: number;
  /** Breaks of the timeline that one connection may make. */
  maxTimelineBreaks: number;
}

export interface SourceJudgement {
  fault: SourceFault;
  /** A sentence with the rule. */
  message: string;
}

/** profile_idc of High 10, High 4:2:2, High 4:4:4 and CAVLC 4:4:4 (ITU-T H.264 annex A): no browser decodes them. */
const unplayedProfiles = /^avc1\.(6e|7a|f4|2c)/i;
const playedAudio = ['aac', 'mp2', 'mp3'];

/** The first reason against passing this source on, undefined as long as it fits. Pure. */
export function judgeSource(facts: SourceFacts, limits: SourceLimits): SourceJudgement | undefined {
  return rules.find(rule => rule.isBroken(facts, limits))?.judgement(facts, limits);
}

interface Rule {
  isBroken(facts: SourceFacts, limits: SourceLimits): boolean;
  judgement(facts: SourceFacts, limits: SourceLimits): SourceJudgement;
}

const rule = (
  fault: SourceFault,
  isBroken: Rule['isBroken'],
  message: (facts: SourceFacts, limits: SourceLimits) => string,
): Rule => ({ isBroken, judgement: (facts, limits) => ({ fault, message: message(facts, limits) }) });

const rules: readonly Rule[] = [
  rule(
    'codec',
    ({ videoCodec, audioCodecs }) =>
      (videoCodec !== undefined && videoCodec !== 'h264') || audioCodecs.some(codec => !playedAudio.includes(codec)),
    ({ videoCodec, audioCodecs }) =>
      `The source has ${[videoCodec, ...audioCodecs].join(' and ')}. HLS in MPEG-TS needs H.264 with AAC or MP3`,
  ),
  rule(
    'codec',
    ({ videoProfile = '' }) => unplayedProfiles.test(videoProfile),
    ({ videoProfile }) => `The picture is ${videoProfile}. Players take H.264 with 4:2:0 and 8 bits only`,
  ),
  rule(
    'no_idr',
    ({ keysRead, keysWithIdr }) => keysWithIdr < keysRead,
    () => 'A key frame is no IDR picture (open GOP or intra refresh). A segment has to begin with one',
  ),
  rule(
    'no_sps',
    ({ keysRead, keysWithSps }) => keysWithSps < keysRead,
    () => 'A key frame comes without SPS. Each segment needs its own (x264: repeat-headers)',
  ),
  rule(
    'gop_too_long',
    (facts, limits) => facts.keySeconds > limits.maxGopSeconds,
    (facts, limits) =>
      `Key frames are ${facts.keySeconds.toFixed(1)} s apart. The limit is ${limits.maxGopSeconds} s (MAX_GOP_SECONDS)`,
  ),
  rule(
    'resolution_changed',
    (facts, limits) => facts.formatChanges > limits.maxFormatChanges,
    facts => `Size or profile of the picture changed ${facts.formatChanges} times`,
  ),
  rule(
    'b_frames',
    (facts, limits) => facts.reorderSeconds > limits.maxReorderSeconds,
    (facts, limits) =>
      `Pictures are reordered over ${facts.reorderSeconds.toFixed(2)} s. The limit is ${limits.maxReorderSeconds} s: use fewer B-frames`,
  ),
  rule(
    'rate_too_high',
    (facts, limits) => facts.kbps > limits.maxKbps,
    (facts, limits) =>
      `The source has ${Math.round(facts.kbps)} kbit/s. The limit is ${limits.maxKbps} kbit/s (MAX_SOURCE_KBPS)`,
  ),
  rule(
    'timestamps',
    (facts, limits) =>
      facts.timelineBreaks > limits.maxTimelineBreaks ||
      (facts.pictures >= 100 && facts.badTimestamps > facts.pictures / 10),
    facts =>
      `Timestamps jumped ${facts.timelineBreaks} times, ${facts.badTimestamps} of ${facts.pictures} were unusable`,
  ),
];
