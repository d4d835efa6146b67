import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { ffprobe, type ProbedStream } from './harness/ffprobe.ts';
import { mediaPlaylist, multivariantPlaylist, type PlayedPlaylist, type Variant } from './harness/player.ts';
import { waitFor } from './harness/waitFor.ts';

const tinyLadder = JSON.stringify([
  { width: 320, height: 180, video: 300, audio: 64 },
  { width: 160, height: 90, video: 100, audio: 32 },
]);
/** profile_idc and constraint flags of what FFmpeg's x264 writes (ITU-T H.264 section A.2). */
const profiles: Record<string, string> = {
  'Constrained Baseline': '42c0',
  Baseline: '4200',
  Main: '4d40',
  High: '6400',
};

let cluster: Cluster;

beforeAll(async () => {
  const env = { LADDER: tinyLadder, VIDEO_PRESET: 'ultrafast', HLS_SEGMENT_SECONDS: '2', HLS_WINDOW: '30' };
  cluster = await startCluster({ env });
});
afterAll(() => cluster?.stop());

test('the multivariant playlist says of each rendition what ffprobe and a scale say of its stored segments', async () => {
  const { client } = cluster;
  await client.start('said', { abr: true });
  const { srt_url: srtUrl } = await client.inState('said', 'READY');
  const encoder = startEncoder({ srtUrl: String(srtUrl), size: '320x180', fps: 25 });
  const link = await client.link('said', 30_000);
  const { variants: atFirst } = await multivariantPlaylist(link);
  await waitFor('six segments', async () => (await mediaPlaylist(atFirst[0]?.url ?? '')).segments.length >= 6, 30_000);
  await checkVariants((await multivariantPlaylist(link)).variants, 0.25);
  await client.stop('said');
  await client.inState('said', 'STOPPED');
  await encoder.exited;
  const { variants } = await multivariantPlaylist(link);
  expect(variants).toHaveLength(2);
  await checkVariants(variants, 0.1);
});

/** @param tolerance of the average, which is measured over what was stored when the playlist was written */
async function checkVariants(variants: readonly Variant[], tolerance: number): Promise<void> {
  for (const { url, attributes } of variants) {
    const playlist = await mediaPlaylist(url);
    for (const { body } of playlist.segments) checkStreams((await ffprobe(body)).streams, attributes);
    const rates = measured(playlist);
    expect(Number(attributes.BANDWIDTH)).toBeGreaterThanOrEqual(rates.peak);
    const average = Number(attributes['AVERAGE-BANDWIDTH']);
    expect(Math.abs(average - rates.average) / rates.average).toBeLessThan(tolerance);
  }
}

function checkStreams(streams: readonly ProbedStream[], attributes: Record<string, string>): void {
  const video = streams.find(stream => stream.codec_type === 'video');
  const audio = streams.find(stream => stream.codec_type === 'audio');
  expect(audio).toMatchObject({ codec_name: 'aac', profile: 'LC' });
  const level = (video?.level ?? 0).toString(16).padStart(2, '0');
  expect(attributes.CODECS).toBe(`"avc1.${profiles[video?.profile ?? '']}${level},mp4a.40.2"`);
  expect(attributes.RESOLUTION).toBe(`${video?.width}x${video?.height}`);
  const [frames = 0, seconds = 1] = (video?.r_frame_rate ?? '').split('/').map(Number);
  expect(Number(attributes['FRAME-RATE'])).toBeCloseTo(frames / seconds, 2);
}

/** Bit/s: the highest rate of a segment of at least half a target duration (RFC 8216 section 4.3.4.2), and the average. */
function measured({ segments, targetDuration }: PlayedPlaylist): { peak: number; average: number } {
  const whole = segments.filter(({ duration }) => duration >= targetDuration / 2);
  const sum = (pick: (segment: PlayedPlaylist['segments'][number]) => number) =>
    segments.reduce((total, segment) => total + pick(segment), 0);
  return {
    peak: Math.max(...whole.map(({ body, duration }) => (body.length * 8) / duration)),
    average: (sum(({ body }) => body.length) * 8) / sum(({ duration }) => duration),
  };
}
