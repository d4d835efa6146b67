import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { mediaPlaylist, multivariantPlaylist, type PlayedPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';

const FPS = 10;

let cluster: Cluster;
let app: WebhookReceiver;

beforeAll(async () => {
  const env = {
    ...{ HLS_SEGMENT_SECONDS: '1', GOP_SECONDS: '1', HLS_WINDOW: '3', VIDEO_PRESET: 'ultrafast' },
    SINGLE: '{"width":160,"height":90,"video":150,"audio":64}',
    LADDER: '[{"width":320,"height":180,"video":300,"audio":64},{"width":160,"height":90,"video":150,"audio":64}]',
    RETAIN_SECONDS: '2',
  };
  cluster = await startCluster({ env });
  app = await startWebhookReceiver(cluster.hmacSecret);
});
afterAll(async () => {
  await cluster?.stop();
  await app?.close();
});

async function goLive(streamId: string, options: { abr?: boolean; record?: boolean; dvr?: boolean }) {
  const { client } = cluster;
  await client.start(streamId, { ...options, webhook_urls: [app.url] });
  const { srt_url: srtUrl } = await client.inState(streamId, 'READY');
  const encoder = encode(String(srtUrl));
  return { encoder, link: await client.link(streamId, 30_000) };
}

const encode = (srtUrl: string) => startEncoder({ srtUrl, size: '320x180', fps: FPS, gop: 1 });

/** What the stream's last webhook says. */
const reportOfEnd = (streamId: string) =>
  waitFor('the webhook of the end', async () =>
    app.received.find(({ StreamId, Status }) => StreamId === streamId && Status === 'STOPPED'),
  );

/** Stops the stream; resolves with what its last webhook says, and what was in the store when it came. */
async function stop(streamId: string) {
  await cluster.client.stop(streamId);
  return { event: await reportOfEnd(streamId), stored: new Map(cluster.s3?.objects()) };
}

const numbers = (playlist: PlayedPlaylist): number[] =>
  playlist.segments.map(({ uri }) => Number(/_(\d+)\.ts$/.exec(uri)?.[1]));

const total = (playlist: PlayedPlaylist): number => playlist.segments.reduce((sum, { duration }) => sum + duration, 0);

/** What a player gets that plays the URL from its first frame to its last. */
async function playThrough(url: string): Promise<{ seconds: number; frames: number }> {
  const show = ['-select_streams', 'v:0', '-count_packets', '-show_entries', 'format=duration:stream=nb_read_packets'];
  const { stdout, stderr } = await execa('ffprobe', ['-v', 'error', '-of', 'json', ...show, '-i', url]);
  expect(stderr).toBe('');
  const probed = JSON.parse(stdout) as { format: { duration: string }; streams: { nb_read_packets: string }[] };
  return { seconds: Number(probed.format.duration), frames: Number(probed.streams[0]?.nb_read_packets) };
}

const text = async (url: string): Promise<string> => (await fetch(url)).text();

test('a ladder is recorded whole, and the recording is there when its end is reported', async () => {
  const { encoder, link } = await goLive('show', { abr: true, record: true });
  const oracle = new PlaylistOracle(link);
  await waitFor('12 segments', async () => cluster.s3?.objects().has('show/show_1_011.ts'), 40_000);
  const { event, stored } = await stop('show');
  expect(event.RecordingLink).toMatch(/\/show\/show_vod_\w+_master\.m3u8$/);
  expect(event.StreamLink).toBe(link);
  expect((await cluster.client.stream('show'))?.recording_link).toBe(event.RecordingLink);
  expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });

  const { variants } = await multivariantPlaylist(event.RecordingLink);
  expect(variants.map(({ attributes }) => attributes.RESOLUTION)).toEqual(['320x180', '160x90']);
  const playlists: PlayedPlaylist[] = [];
  for (const { url } of variants) {
    expect(await text(url)).toMatch(/#EXT-X-PLAYLIST-TYPE:VOD\n.*#EXT-X-ENDLIST\n$/s);
    // What was stored when the end was told is what is there now.
    const key = new URL(url).pathname.replace('/_public/', '');
    expect(stored.get(key)?.body.toString()).toBe(await text(url));
    const playlist = await mediaPlaylist(url);
    expect(playlist.mediaSequence).toBe(0);
    expect(numbers(playlist)).toEqual(playlist.segments.map((_, i) => i));
    expect(playlist.segments.length).toBeGreaterThanOrEqual(12);
    const { seconds, frames } = await playThrough(url);
    expect(Math.abs(seconds - total(playlist))).toBeLessThan(0.2);
    expect(Math.abs(frames / FPS - total(playlist))).toBeLessThan(0.2);
    playlists.push(playlist);
  }
  const timing = playlists.map(({ segments }) => segments.map(s => `${s.programDateTime} ${s.duration.toFixed(1)}`));
  expect(timing[1]).toEqual(timing[0]);
  await encoder.exited;

  // The live playlists go after a while, the recording and all that it lists stay.
  await waitFor('the live playlist to go', async () => (await fetch(link)).status === 404, 20_000);
  await waitFor('the retention job to end', async () => cluster.workers.some(worker => worker.log.some(isPurged)));
  for (const { url } of variants)
    expect((await mediaPlaylist(url)).segments.length).toBe(playlists[0]?.segments.length);
  await assertNothingLeft(cluster);
}, 90_000);

const isPurged = (line: { msg?: string }): boolean => line.msg === 'stopped run deleted from the store';

test('viewers rewind to the beginning, also after the worker was killed; the recording holds both halves', async () => {
  const { client } = cluster;
  const { encoder, link } = await goLive('dvr', { dvr: true, record: true });
  const oracle = new PlaylistOracle(link);
  const before = await waitFor('8 segments in the playlist', async () => {
    const playlist = await mediaPlaylist(link);
    return playlist.segments.length >= 8 && playlist;
  });
  expect(await text(link)).toContain('#EXT-X-PLAYLIST-TYPE:EVENT\n');
  expect({ mediaSequence: before.mediaSequence, first: numbers(before)[0] }).toEqual({ mediaSequence: 0, first: 0 });

  const [first] = cluster.workers;
  await cluster.addWorker();
  first?.kill('SIGKILL');
  encoder.kill('SIGKILL');
  const { srt_url: srtUrl } = await waitFor('the other worker', async () => {
    const stream = await client.stream('dvr');
    return stream?.reason === 'worker_lost' && stream;
  });
  const second = encode(String(srtUrl));
  const after = await waitFor('segments of the second half', async () => {
    const playlist = await mediaPlaylist(link);
    const breakAt = playlist.segments.findIndex(segment => segment.discontinuity);
    return breakAt > 0 && playlist.segments.length > breakAt + 3 && playlist;
  });
  expect(after.mediaSequence).toBe(0);
  expect(numbers(after).slice(0, before.segments.length)).toEqual(numbers(before));

  await client.stop('dvr');
  const live = await waitFor('the end of the playlist', async () => {
    const playlist = await mediaPlaylist(link);
    return playlist.ended && playlist;
  });
  expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
  // What the killed worker was sending is sent again after a while, and the end after it: the live playlist may have gone by then.
  const event = await reportOfEnd('dvr');
  const recording = await mediaPlaylist(event.RecordingLink);
  expect(recording.ended).toBe(true);
  expect(numbers(recording)).toEqual(numbers(live));
  const { frames } = await playThrough(event.RecordingLink);
  expect(Math.abs(frames / FPS - total(recording))).toBeLessThan(0.3);
  await second.exited;
  expect(cluster.s3?.violations).toEqual([]);
}, 120_000);
