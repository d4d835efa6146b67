import { describe, expect, test } from 'vitest';
import type { SourceFault } from '../../common/stream/sourceFaults.ts';
import { judgeSource, type SourceLimits } from './judgeSource.ts';
import { noFacts, type SourceFacts } from './sourceFacts.ts';

const limits: SourceLimits = {
  maxGopSeconds: 4,
  maxKbps: 8_000,
  maxReorderSeconds: 0.5,
  maxFormatChanges: 2,
  maxTimelineBreaks: 5,
};
const good: SourceFacts = {
  ...noFacts(),
  ...{ videoCodec: 'h264', audioCodecs: ['aac'], keyFrames: 9, keysRead: 9, keysWithIdr: 9, keysWithSps: 9 },
  ...{ keySeconds: 2, width: 1_920, height: 1_080, reorderSeconds: 0.1, kbps: 6_000, pictures: 500 },
};

describe('judgeSource', () => {
  test.each<[SourceFault, Partial<SourceFacts>]>([
    ['codec', { videoCodec: 'hevc' }],
    ['codec', { audioCodecs: ['aac', 'ac3'] }],
    ['no_idr', { keysWithIdr: 8 }],
    ['no_sps', { keysWithSps: 8 }],
    ['gop_too_long', { keySeconds: 4.1 }],
    ['resolution_changed', { formatChanges: 3 }],
    ['b_frames', { reorderSeconds: 0.6 }],
    ['rate_too_high', { kbps: 8_001 }],
    ['timestamps', { timelineBreaks: 6 }],
    ['timestamps', { badTimestamps: 51 }],
  ])('%s: %o', (fault, facts) => {
    const judgement = judgeSource({ ...good, ...facts }, limits);
    expect(judgement?.fault).toBe(fault);
    expect(judgement?.message).toMatch(/^[A-Z].{20,}/);
  });

  test.each<[string, Partial<SourceFacts>]>([
    ['as a usual encoder sends it', {}],
    ['MP3', { audioCodecs: ['mp3'] }],
    ['no audio', { audioCodecs: [] }],
    ['nothing is known yet', noFacts()],
    ['at every limit', { keySeconds: 4, kbps: 8_000, reorderSeconds: 0.5, formatChanges: 2, timelineBreaks: 5 }],
    ['a few bad timestamps', { badTimestamps: 3 }],
  ])('passes on: %s', (_, facts) => {
    expect(judgeSource({ ...good, ...facts }, limits)).toBeUndefined();
  });
});
