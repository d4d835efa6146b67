import { expect, test } from 'vitest';
import { loadConfig } from '../../common/config/loadConfig.ts';
import type { StreamProfile } from '../../common/stream/streamProfile.ts';
import { streamSource } from '../../common/stream/streamSource.ts';
import type { Inputs } from '../transcode/chooseInputs.ts';
import { planSpan } from '../transcode/spanPlan.ts';
import { encodingOf } from './encodingOf.ts';
import { sourceOf } from './sourceOf.ts';

const { config } = loadConfig({ STORAGE: 'file', CLOUDFLARE_PUBLIC_URL: 'http://localhost' });
const video = { pid: 256, kind: 'video', codec: 'h264' } as const;
const audio = { pid: 257, kind: 'audio', codec: 'aac' } as const;

/** The source of a stream of this profile, as it is read back from the record. */
function shown(profile: StreamProfile, inputs: Partial<Inputs>) {
  const encoding = encodingOf(config, field => (field === 'profile' ? profile : undefined), 2);
  const all: Inputs = { video, audio, ...inputs };
  const plan = planSpan({ encoding, inputs: all, isFallback: false, made: [] });
  return streamSource.parse(JSON.stringify(sourceOf(encoding, all, plan)));
}

const own = (width: number, height: number) => ({ width, height, videoKbps: null });
const rung = (width: number, height: number, videoKbps: number) => ({ width, height, videoKbps });

test.each([
  ['transcode', 1280, 720, [rung(1280, 720, 5_000)]],
  ['transcode', 3840, 2160, [rung(1920, 1080, 5_000)]],
  ['transcode', 641, 361, [rung(640, 360, 5_000)]],
  ['passthrough', 1280, 720, [own(1280, 720)]],
  ['ladder', 1920, 1080, [rung(1920, 1080, 5_000), rung(1280, 720, 3_000), rung(854, 480, 1_500)]],
  ['ladder', 640, 360, [rung(640, 360, 1_500)]],
  ['ladder-source', 1280, 720, [own(1280, 720), rung(854, 480, 1_500)]],
] as const)('%s of %d x %d', (profile, width, height, renditions) => {
  expect(shown(profile, { size: { width, height } })).toEqual({
    video: { codec: 'h264', width, height },
    audio: { codec: 'aac' },
    renditions,
  });
});

test('a size that is not known, and sound that is announced and does not come', () => {
  expect(shown('transcode', { audio: 'silence' })).toEqual({
    video: { codec: 'h264', width: null, height: null },
    audio: null,
    renditions: [{ width: null, height: null, videoKbps: 5_000 }],
  });
});
