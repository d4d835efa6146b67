import { expect, test } from 'vitest';
import { multivariantPlaylist } from './multivariantPlaylist.ts';
import { bandwidth, measure, startMeasure } from './renditionMeasure.ts';

const nominal = { width: 1280, height: 720, video: 3_000, audio: 128 };
const info = {
  video: { codec: 'avc1.64001f', width: 1280, height: 720, frameRate: 29.97 },
  audio: { codec: 'mp4a.40.2', sampleRate: 48_000 },
};

test('says what a player chooses by', () => {
  const text = multivariantPlaylist(
    [{ uri: 'show_1.m3u8', bandwidth: { peak: 3_503_360, average: 3_000_000 }, info }],
    '100',
  );
  expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:6
## livetran owner 100
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=3503360,AVERAGE-BANDWIDTH=3000000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970
show_1.m3u8
`);
});

test.each([
  ['video only', { ...info, audio: undefined }, 'CODECS="avc1.64001f",RESOLUTION=1280x720,FRAME-RATE=29.970'],
  ['audio only', { ...info, video: undefined }, 'CODECS="mp4a.40.2"'],
  ['nothing that we know: no attribute is better than a guess', { video: undefined, audio: undefined }, undefined],
])('%s', (_, known, attributes) => {
  const text = multivariantPlaylist([{ uri: 'a.m3u8', bandwidth: { peak: 2, average: 1 }, info: known }], '100');
  expect(text).toContain(`#EXT-X-STREAM-INF:BANDWIDTH=2,AVERAGE-BANDWIDTH=1${attributes ? `,${attributes}` : ''}\n`);
});

test.each([
  ['nothing measured: what the encoder may use', [], 3_503_360, 3_503_360],
  [
    'a quiet picture: the average is measured, the peak is what may come',
    [
      [500_000, 4],
      [500_000, 4],
    ],
    3_503_360,
    1_000_000,
  ],
  [
    'a rate above the nominal one is told, with room for the next',
    [
      [2_000_000, 4],
      [1_000_000, 4],
    ],
    4_200_000,
    3_000_000,
  ],
  [
    'a short first segment, mostly its key frame, is no peak',
    [
      [1_000_000, 1],
      [1_000_000, 4],
      [1_000_000, 4],
    ],
    3_503_360,
    2_666_667,
  ],
])('bandwidth: %s', (_, segments, peak, average) => {
  const measured = segments.reduce(
    (rest, [bytes = 0, durationSeconds = 0]) => measure(rest, { bytes, durationSeconds }, 4),
    startMeasure(nominal),
  );
  expect(bandwidth(measured, 4)).toEqual({ peak, average });
});
