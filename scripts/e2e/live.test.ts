import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { ffprobe } from './harness/ffprobe.ts';
import { isHealthEvent } from './harness/isHealthEvent.ts';
import { mediaPlaylist, multivariantPlaylist } from './harness/player.ts';
import { PlaylistOracle } from './harness/playlistOracle.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';

let cluster: Cluster;
let app: WebhookReceiver;

beforeAll(async () => {
  cluster = await startCluster({ env: { RECONNECT_TIMEOUT_SECONDS: '6' } });
  app = await startWebhookReceiver(cluster.hmacSecret);
});
afterAll(async () => {
  await cluster?.stop();
  await app?.close();
});

const told = (streamId: string) => app.received.filter(event => event.StreamId === streamId && !isHealthEvent(event));

describe('single profile', () => {
  test('from a signed request to a playing picture to STOPPED, reported by webhooks', async () => {
    const { client } = cluster;
    expect(await client.start('single', { webhook_urls: [app.url] })).toEqual({
      status: 200,
      body: { success: true, data: 'Stream launching!' },
    });
    const { srt_url: srtUrl } = await client.inState('single', 'READY');
    expect(srtUrl).toMatch(/^srt:\/\/127\.0\.0\.1:\d+\?streamid=mode=publish,rid=single,token=/);
    const encoder = startEncoder({ srtUrl: String(srtUrl), size: '640x360' });
    await client.inState('single', 'STREAMING');
    expect(await client.status('single')).toEqual({ status: 202, body: { success: true, data: 'Status: STREAMING' } });

    const link = await client.link('single');
    expect(link).toBe(`${cluster.s3?.publicUrl}/single/single.m3u8`);
    const oracle = new PlaylistOracle(link);
    const live = await waitFor('four segments', async () => {
      const playlist = await mediaPlaylist(link);
      return playlist.segments.length >= 4 && playlist;
    });
    expect(live.ended).toBe(false);
    for (const [i, segment] of live.segments.entries()) {
      const media = await ffprobe(segment.body);
      expect(media.startsWithKeyFrame).toBe(true);
      expect(media.streams.find(s => s.codec_type === 'video')).toMatchObject({
        codec_name: 'h264',
        width: 640,
        height: 360,
      });
      expect(media.streams.find(s => s.codec_type === 'audio')).toMatchObject({
        codec_name: 'aac',
        sample_rate: '48000',
      });
      expect(Math.abs(media.duration - segment.duration)).toBeLessThan(0.1);
      if (i > 0) expect(Math.abs(segment.duration - 4)).toBeLessThan(0.4);
      expect(segment.programDateTime).toBeDefined();
    }

    expect(await client.stream('single')).toMatchObject({
      encoder: { address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
      input: { video_codec: 'h264', width: 640, height: 360, audio_codec: 'aac' },
      renditions: [{ width: 640, height: 360, video_kbps: 5_000 }],
      stats: { receive_kbps: expect.any(Number), packets_dropped: expect.any(Number) },
      last_error: null,
    });

    expect(await client.stop('single')).toEqual({ status: 200, body: { success: true, data: 'Stream stopped!' } });
    await client.inState('single', 'STOPPED');
    expect((await mediaPlaylist(link)).ended).toBe(true);
    expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
    await encoder.exited;

    await waitFor('the last webhook', () => told('single').some(event => event.Status === 'STOPPED'));
    expect(told('single').map(event => [event.Status, event.Reason])).toEqual([
      ['INITIALISED', 'created'],
      ['READY', 'listening'],
      ['STREAMING', 'encoder_connected'],
      ['STREAMING', 'playable'],
      ['STOPPED', 'user_stop'],
    ]);
    expect(told('single').at(-1)?.StreamLink).toBe(link);
    expect(app.forged).toEqual([]);
    await assertNothingLeft(cluster);
  });

  test('the encoder goes and comes back: same port and key, numbers go on, one discontinuity', async () => {
    const { client } = cluster;
    await client.start('again');
    const { srt_url: srtUrl } = await client.inState('again', 'READY');
    const first = startEncoder({ srtUrl: String(srtUrl) });
    const link = await client.link('again');
    const oracle = new PlaylistOracle(link);
    first.kill('SIGKILL');
    const ready = await client.inState('again', 'READY');
    expect(ready.srt_url).toBe(srtUrl);
    const before = await mediaPlaylist(link);
    const second = startEncoder({ srtUrl: String(srtUrl) });
    await client.inState('again', 'STREAMING');
    const after = await waitFor('segments after the reconnect', async () => {
      const playlist = await mediaPlaylist(link);
      return playlist.segments.filter(segment => segment.discontinuity).length > 0 && playlist;
    });
    expect(after.ended).toBe(false);
    expect(after.segments.filter(segment => segment.discontinuity)).toHaveLength(1);
    const breakAt = after.segments.findIndex(segment => segment.discontinuity);
    expect(breakAt).toBeGreaterThanOrEqual(before.segments.length);
    expect(new Set(after.segments.map(segment => segment.uri)).size).toBe(after.segments.length);
    second.kill('SIGKILL');
    const stopped = await client.inState('again', 'STOPPED', 30_000);
    expect(stopped.reason).toBe('reconnect_timeout');

    // A later run of the same id goes on where the last one ended, under the same URL.
    await client.start('again');
    const { srt_url: nextUrl } = await client.inState('again', 'READY');
    const third = startEncoder({ srtUrl: String(nextUrl) });
    const next = await waitFor('the next run in the playlist', async () => {
      const playlist = await mediaPlaylist(link);
      return !playlist.ended && playlist;
    });
    expect(next.mediaSequence + next.segments.length).toBeGreaterThan(after.mediaSequence + after.segments.length);
    expect(next.segments.filter(segment => segment.discontinuity).length).toBeGreaterThan(0);
    await client.stop('again');
    await client.inState('again', 'STOPPED');
    expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
    await third.exited;
    await assertNothingLeft(cluster);
  });
});

describe('ladder', () => {
  test('three renditions at their sizes, aligned, under one multivariant playlist', async () => {
    const { client } = cluster;
    await client.start('ladder', { abr: true });
    const { srt_url: srtUrl } = await client.inState('ladder', 'READY');
    const encoder = startEncoder({ srtUrl: String(srtUrl), size: '1920x1080', fps: 12 });
    const link = await client.link('ladder', 30_000);
    expect(link).toBe(`${cluster.s3?.publicUrl}/ladder/ladder_master.m3u8`);
    const oracle = new PlaylistOracle(link);
    const multivariant = await multivariantPlaylist(link);
    expect(multivariant.variants.map(variant => variant.attributes.RESOLUTION)).toEqual([
      '1920x1080',
      '1280x720',
      '854x480',
    ]);
    for (const variant of multivariant.variants) {
      expect(variant.attributes.CODECS).toMatch(/^"avc1\.[0-9a-f]{6},mp4a\.40\.2"$/);
      expect(Number(variant.attributes['FRAME-RATE'])).toBeCloseTo(12, 1);
      expect(Number(variant.attributes.BANDWIDTH)).toBeGreaterThan(100_000);
    }
    const playlists = await waitFor(
      'three segments in each rendition',
      async () => {
        const all = await Promise.all(multivariant.variants.map(variant => mediaPlaylist(variant.url)));
        return all.every(playlist => playlist.segments.length >= 3) && all;
      },
      60_000,
    );
    for (const [i, size] of [
      [1920, 1080],
      [1280, 720],
      [854, 480],
    ].entries()) {
      const segment = playlists[i]?.segments[1];
      const media = await ffprobe(segment?.body ?? Buffer.alloc(0));
      expect(media.streams.find(s => s.codec_type === 'video')).toMatchObject({ width: size[0], height: size[1] });
      expect(media.startsWithKeyFrame).toBe(true);
    }
    const boundaries = playlists.map(p =>
      p.segments.slice(0, 3).map(s => `${s.duration.toFixed(2)} ${s.programDateTime}`),
    );
    expect(boundaries[1]).toEqual(boundaries[0]);
    expect(boundaries[2]).toEqual(boundaries[0]);
    await client.stop('ladder');
    await client.inState('ladder', 'STOPPED');
    for (const variant of multivariant.variants) expect((await mediaPlaylist(variant.url)).ended).toBe(true);
    expect(await oracle.stop()).toMatchObject({ violations: [], gaps: 0 });
    await encoder.exited;
    await assertNothingLeft(cluster);
    expect(cluster.s3?.violations).toEqual([]);
  });
});
