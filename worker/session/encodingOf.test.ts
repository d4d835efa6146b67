import { expect, test } from 'vitest';
import { loadConfig } from '../../common/config/loadConfig.ts';
import { segmentTiming } from '../transcode/segmentTiming.ts';
import { encodingOf } from './encodingOf.ts';

const settings = (environment: Record<string, string> = {}) =>
  loadConfig({ STORAGE: 'file', CLOUDFLARE_PUBLIC_URL: 'http://localhost', ...environment }).config;

test('a record of a version that had neither profile nor latency', () => {
  const record = { abr: '1', profile: undefined, latency: undefined };
  expect(encodingOf(settings(), field => record[field], 2)).toMatchObject({ profile: 'ladder', segmentSeconds: 4 });
});

test.each([
  ['standard', {}, 4, 2],
  ['reduced', {}, 2, 1],
  ['reduced', { REDUCED_SEGMENT_SECONDS: '1' }, 1, 1],
  ['reduced', { HLS_SEGMENT_SECONDS: '1' }, 1, 1],
  ['reduced', { REDUCED_SEGMENT_SECONDS: '3' }, 3, 2],
  ['reduced', { GOP_SECONDS: '1' }, 2, 2],
  ['low', {}, 2, 2],
  ['low', { REDUCED_SEGMENT_SECONDS: '4' }, 4, 4],
  ['low', { HLS_SEGMENT_SECONDS: '1' }, 1, 1],
  ['low', { GOP_SECONDS: '0.5' }, 2, 4],
] as const)('%s with %o: segments of %d s with %d GOPs', (latency, environment, segmentSeconds, gops) => {
  for (const profile of ['transcode', 'passthrough', 'ladder', 'ladder-source'] as const) {
    const record = { profile, latency, abr: undefined };
    const encoding = encodingOf(settings(environment), field => record[field], 2);
    expect(encoding).toMatchObject({ profile, segmentSeconds });
    expect(segmentTiming(encoding.segmentSeconds, encoding.gopSeconds)).toEqual({ first: 1, gops });
  }
});
