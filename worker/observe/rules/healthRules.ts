import type { HealthRule } from './healthRule.ts';
import { networkRules } from './networkRules.ts';
import { platformRules } from './platformRules.ts';
import { sourceRules } from './sourceRules.ts';

const { packetsDropped, packetsLost, rttHigh } = networkRules;
const { slowEncode, uploadLate, segmentsLost } = platformRules;
const { bitRateCollapsed, nothingReceived, undecryptable, noAudio } = sourceRules;
const { keyFramesFarApart, timestampsJumped, continuityErrors, decodeErrors } = sourceRules;

/** In this order: a rule sees the problems of those before it. */
export const healthRules: readonly HealthRule[] = [
  packetsDropped,
  packetsLost,
  slowEncode,
  rttHigh,
  nothingReceived,
  bitRateCollapsed,
  undecryptable,
  noAudio,
  keyFramesFarApart,
  timestampsJumped,
  continuityErrors,
  decodeErrors,
  uploadLate,
  segmentsLost,
];
