import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { FolderStore } from '../store/folderStore.ts';
import { claimPlaylist } from './claimPlaylist.ts';
import { MultivariantWriter } from './multivariantWriter.ts';
import { PlaylistWriter } from './playlistWriter.ts';

const key = 'show/show_master.m3u8';
const video = { codec: 'avc1.64001f', width: 1280, height: 720, frameRate: 30 };
let dir: string;
let store: FolderStore;
const writers: PlaylistWriter[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'multivariant-'));
  store = new FolderStore({ dir, publicUrl: 'http://x' });
});
afterEach(async () => {
  await Promise.all(writers.splice(0).map(writer => writer.close()));
  await rm(dir, { recursive: true, force: true });
});

function owner(token: string, etag?: string) {
  const events = { onStored: vi.fn(), onFenced: vi.fn(), onRefused: vi.fn() };
  const log = silentLogger();
  const writer = new PlaylistWriter({ store, key, token, fences: true, intervalMs: 1, etag, events, log });
  writers.push(writer);
  const renditions = [{ width: 1280, height: 720, video: 3_000, audio: 128 }];
  const contents = new MultivariantWriter({
    writer,
    owner: token,
    uris: ['show_0.m3u8'],
    renditions,
    segmentSeconds: 4,
  });
  const setCodec = async (codec: string): Promise<void> => {
    contents.setInfo(0, { video: { ...video, codec }, audio: undefined });
    contents.update([0], true);
    await vi.waitFor(async () => expect(await writer.flush(AbortSignal.timeout(10_000))).toBe(true), 10_000);
  };
  return { setCodec, contents, events };
}

test('an owner that was replaced is fenced, also when the new one has written the same variants', async () => {
  const former = owner('100');
  await former.setCodec(video.codec);
  const { signal } = new AbortController();
  const claimed = await claimPlaylist(store, { key, token: '200', fences: true, intervalMs: 1, signal });
  await owner('200', claimed?.etag).setCodec(video.codec);
  former.contents.setInfo(0, { video: { ...video, codec: 'avc1.42001f' }, audio: undefined });
  former.contents.update([0], true);
  await vi.waitFor(() => expect(former.events.onFenced).toHaveBeenCalled(), 10_000);
  const found = await store.get(key);
  expect(found?.metadata.token).toBe('200');
  expect(found?.body.toString()).toContain(video.codec);
});
