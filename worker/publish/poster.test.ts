import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Logger } from '../../common/createLogger.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { type FfmpegLauncher, ffmpegLauncher } from '../transcode/ffmpegLauncher.ts';
import { Poster } from './poster.ts';
import { FolderStore } from './store/folderStore.ts';
import { StoreError } from './store/storeError.ts';
import { encodeSegments } from './testing/encodeSegments.ts';
import { folderEpoch } from './testing/folderEpoch.ts';
import { HookedStore } from './testing/hookedStore.ts';

// FFmpeg has the lowest priority: on a busy machine it waits for all others.
const WAIT = 60_000;
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let dir: string;
let store: HookedStore;
let posters: Poster[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'poster-'));
  store = new HookedStore(new FolderStore({ dir: join(dir, 'bucket'), publicUrl: 'http://x' }));
  posters = [];
  await encodeSegments({ epoch: folderEpoch(dir), seconds: 2, segmentSeconds: 1 });
});
afterEach(async () => {
  await Promise.all(posters.map(poster => poster.close()));
  await rm(dir, { recursive: true, force: true });
});

function poster(
  options: { intervalMs?: number; ffmpeg?: string; launcher?: FfmpegLauncher; log?: Logger } = {},
): Poster {
  const renditions = [{ width: 320, height: 180, video: 500, audio: 64 }];
  const made = new Poster({
    ...{ store, streamId: 'show', renditions, ffmpeg: 'ffmpeg', launcher: { words: [] }, log: silentLogger() },
    makeMs: WAIT,
    ...options,
  });
  posters.push(made);
  return made;
}

const segment = () => join(dir, 'show_000.ts');
const stored = () => store.head('show/poster.jpg');

test('is a JPEG of the segment’s picture, fresh for as long as it is', async () => {
  let cacheControl = '';
  store.onPut = (put, _key, options) => {
    cacheControl = `${options.contentType}, ${options.cacheControl}`;
    return put();
  };
  poster().take(segment());
  await vi.waitFor(async () => expect(await stored()).toBeDefined(), WAIT);
  const { body } = (await store.get('show/poster.jpg')) ?? { body: Buffer.alloc(0) };
  expect(body.subarray(0, 3).toString('hex')).toBe('ffd8ff');
  expect(body.length).toBeGreaterThan(2_000);
  expect(cacheControl).toBe('image/jpeg, public, max-age=10');
});

test('its FFmpeg is confined like the one that encodes', async () => {
  const memoryBytes = 600 * 1024 ** 2;
  const launcher = await ffmpegLauncher({ ffmpeg: 'ffmpeg', memoryBytes, uid: 65_534, log: silentLogger() });
  const limits = join(dir, 'limits');
  // The folder is the worker's: what FFmpeg runs as may write this file only.
  await writeFile(limits, '');
  await Promise.all([chmod(dir, 0o755), chmod(limits, 0o666)]);
  const spy = join(dir, 'spy.sh');
  const script = `#!/bin/sh\n(id -u; grep NoNewPrivs /proc/self/status; ulimit -d) > ${limits}\nexec ffmpeg "$@"\n`;
  await writeFile(spy, script, { mode: 0o755 });
  poster({ ffmpeg: spy, launcher }).take(segment());
  await vi.waitFor(async () => expect(await stored()).toBeDefined(), WAIT);
  const uid = process.getuid?.() === 0 ? 65_534 : process.getuid?.();
  expect((await readFile(limits, 'utf8')).trim().split(/\s+/)).toEqual([
    ...[`${uid}`, 'NoNewPrivs:', '1', `${memoryBytes / 1024}`],
  ]);
});

test('its segment may leave the spool while it is made', async () => {
  // Says that it runs, and waits for the file to go.
  const late = join(dir, 'late.sh');
  const script = `#!/bin/sh\n: > ${dir}/runs\nwhile [ -e ${segment()} ]; do sleep 0.05; done\nexec ffmpeg "$@"\n`;
  await writeFile(late, script, { mode: 0o755 });
  poster({ ffmpeg: late }).take(segment());
  await vi.waitFor(() => readFile(join(dir, 'runs')), WAIT);
  await rm(segment());
  await vi.waitFor(async () => expect(await stored()).toBeDefined(), WAIT);
});

test('is made once in its interval, not for every segment', async () => {
  const made = poster({ intervalMs: 60_000 });
  made.take(segment());
  await vi.waitFor(async () => expect(await stored()).toBeDefined(), WAIT);
  made.take(join(dir, 'show_001.ts'));
  await made.close();
  expect(store.puts).toHaveLength(1);
});

test.each([
  ['a file that is gone', 'ffmpeg', 'nothing.ts'],
  ['no program', '/nowhere/ffmpeg', 'show_000.ts'],
  ['a program that fails', 'false', 'show_000.ts'],
])('%s costs the poster and nothing else, and the next one is tried', async (_name, ffmpeg, file) => {
  const log = silentLogger();
  const told = vi.spyOn(log, 'debug');
  const bad = poster({ ffmpeg, intervalMs: 0, log });
  for (const times of [1, 2]) {
    bad.take(join(dir, file));
    await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(times), WAIT);
  }
  expect(store.puts).toEqual([]);
  poster().take(segment());
  await vi.waitFor(async () => expect(await stored()).toBeDefined(), WAIT);
});

test('a store that refuses is no fault', async () => {
  store.onPut = () => Promise.reject(new StoreError('denied', 'no'));
  poster().take(segment());
  await vi.waitFor(() => expect(store.puts).toHaveLength(1), WAIT);
});

test('an FFmpeg that hangs is gone when the stream is', async () => {
  const hangs = join(dir, 'hangs.sh');
  const pid = join(dir, 'pid');
  await writeFile(hangs, `#!/bin/sh\necho $$ > ${pid}\nexec sleep 60\n`, { mode: 0o755 });
  const made = poster({ ffmpeg: hangs });
  made.take(segment());
  const id = await vi.waitFor(async () => {
    const text = await readFile(pid, 'utf8');
    expect(text).toMatch(/\d+\n/);
    return Number(text);
  });
  await made.close();
  expect(() => process.kill(id, 0)).toThrow('ESRCH');
});

test('a ladder’s poster is of the smallest rendition that is large enough', () => {
  const renditions = [1920, 1280, 854, 426].map(width => ({ width, height: 2 * width, video: 500, audio: 64 }));
  const log = silentLogger();
  const parts = { ffmpeg: 'ffmpeg', launcher: { words: [] } };
  expect(new Poster({ store, streamId: 'show', renditions, ...parts, log }).rendition).toBe(2);
});
