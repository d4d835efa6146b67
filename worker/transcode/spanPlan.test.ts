import { expect, test } from 'vitest';
import { isLadder, type StreamProfile } from '../../common/stream/streamProfile.ts';
import type { Inputs } from './chooseInputs.ts';
import { planSpan } from './spanPlan.ts';
import { tinyEncoding } from './testing/transcodeAll.ts';

const h264 = { pid: 256, kind: 'video', codec: 'h264' } as const;
const hevc = { ...h264, codec: 'hevc' } as const;
const aac = { pid: 257, kind: 'audio', codec: 'aac' } as const;
const opus = { ...aac, codec: 'opus' } as const;

test.each<[StreamProfile, Inputs['video'], Inputs['audio'], boolean, string, boolean]>([
  ['transcode', h264, aac, false, 'encode', false],
  ['ladder', h264, aac, false, 'encode', false],
  ['passthrough', h264, aac, false, 'direct', true],
  ['passthrough', h264, 'none', false, 'direct', true],
  ['passthrough', h264, 'silence', false, 'copy', false],
  ['passthrough', h264, opus, false, 'copy', false],
  ['passthrough', hevc, aac, false, 'encode', false],
  ['passthrough', h264, aac, true, 'encode', false],
  ['ladder-source', h264, aac, false, 'copy_top', true],
  ['ladder-source', h264, opus, false, 'copy_top', false],
  ['ladder-source', hevc, aac, false, 'encode', false],
  ['ladder-source', h264, aac, true, 'encode', false],
])('%s of %o with %o (fallen back: %s): %s, sound copied: %s', (profile, video, audio, isFallback, picture, copies) => {
  const encoding = { ...tinyEncoding, profile, abr: isLadder(profile) };
  expect(planSpan({ encoding, inputs: { video, audio }, isFallback, made: [] })).toMatchObject({
    picture,
    copiesAudio: copies,
  });
});
