import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { FolderStore } from '../store/folderStore.ts';
import { headers } from '../store/headers.ts';
import { StoreError } from '../store/storeError.ts';
import { HookedStore } from '../testing/hookedStore.ts';
import { claimPlaylist } from './claimPlaylist.ts';
import { PlaylistWriter } from './playlistWriter.ts';

const key = 'show/show.m3u8';
let dir: string;
let store: HookedStore;
const writers: PlaylistWriter[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'playlists-'));
  store = new HookedStore(new FolderStore({ dir, publicUrl: 'http://x' }));
});
afterEach(async () => {
  await Promise.all(writers.splice(0).map(writer => writer.close()));
  await rm(dir, { recursive: true, force: true });
});

type Options = ConstructorParameters<typeof PlaylistWriter>[0];

function writer(
  options: Partial<Pick<Options, 'token' | 'fences' | 'intervalMs' | 'etag' | 'writtenAt' | 'isCertain'>> = {},
) {
  const events = { onStored: vi.fn(), onFenced: vi.fn(), onStale: vi.fn(), onRefused: vi.fn() };
  const { token = '100', fences = true, intervalMs = 50, etag, ...more } = options;
  const log = silentLogger();
  const made = new PlaylistWriter({ store, key, token, fences, intervalMs, etag, events, log, ...more });
  writers.push(made);
  return { writer: made, events };
}

const flush = (made: PlaylistWriter) => made.flush(AbortSignal.timeout(5_000));
const inStore = async () => (await store.get(key))?.body.toString();

/** The next PUT fails like this, whether or not the store has it. */
function failOnce(error: StoreError, arrives: boolean): void {
  store.onPut = async put => {
    store.onPut = next => next();
    if (arrives) await put();
    throw error;
  };
}

describe('coalescing', () => {
  test('a new text ends the back-off: what it lists was just stored, so the store is back', async () => {
    const { writer: made } = writer();
    store.onPut = () => Promise.reject(new StoreError('retry', 'away'));
    made.write('old');
    // The pauses are 250, 500, 1000 and 2000 ms, give or take a quarter.
    await vi.waitFor(() => expect(store.puts).toHaveLength(5), 10_000);
    store.onPut = put => put();
    const startedAt = performance.now();
    made.write('new');
    expect(await flush(made)).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect(await inStore()).toBe('new');
  });

  test('a new text does not shorten what the store demands', async () => {
    const { writer: made } = writer();
    failOnce(new StoreError('throttled', '429', { retryAfterMs: 600 }), false);
    made.write('1');
    await vi.waitFor(() => expect(store.puts).toHaveLength(1));
    made.write('2');
    expect(await flush(made)).toBe(true);
    const [first, second] = store.puts;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(590);
  });

  test('one PUT in flight, the latest text wins, and PUTs are an interval apart from the answer on', async () => {
    const { writer: made, events } = writer({ intervalMs: 200 });
    let answeredAt = 0;
    store.onPut = async put => {
      const answer = await put();
      answeredAt ||= performance.now();
      return answer;
    };
    for (const text of ['1', '2', '3']) made.write(text);
    await vi.waitFor(() => expect(events.onStored).toHaveBeenCalledTimes(1));
    for (const text of ['4', '5', '6']) made.write(text);
    expect(await flush(made)).toBe(true);
    expect(store.puts.map(({ text }) => text)).toEqual(['1', '6']);
    expect((store.puts[1]?.at ?? 0) - answeredAt).toBeGreaterThanOrEqual(199);
    expect(await inStore()).toBe('6');
  });

  test('a playlist that was claimed a moment ago counts as written', async () => {
    const { etag } = await store.put(key, 'old', { ...headers.playlist });
    const { writer: made } = writer({ intervalMs: 200, etag });
    const openedAt = performance.now();
    made.write('new');
    await flush(made);
    expect((store.puts[1]?.at ?? 0) - openedAt).toBeGreaterThanOrEqual(190);
  });
});

describe('failures', () => {
  test('are retried until the store has the latest text', async () => {
    const { writer: made, events } = writer();
    let failures = 0;
    store.onPut = put => (++failures <= 2 ? Promise.reject(new StoreError('retry', '500')) : put());
    made.write('1');
    expect(await flush(made)).toBe(true);
    expect(events.onStored).toHaveBeenCalledExactlyOnceWith('1');
    expect(events.onRefused).not.toHaveBeenCalled();
  });

  test('Retry-After is honoured', async () => {
    const { writer: made } = writer();
    failOnce(new StoreError('throttled', '429', { retryAfterMs: 600 }), false);
    made.write('1');
    await flush(made);
    expect((store.puts[1]?.at ?? 0) - (store.puts[0]?.at ?? 0)).toBeGreaterThanOrEqual(599);
  });

  test('wrong credentials are reported', async () => {
    const { writer: made, events } = writer();
    failOnce(new StoreError('denied', '403'), false);
    made.write('1');
    await vi.waitFor(() => expect(events.onRefused).toHaveBeenCalledTimes(1));
  });

  test.each([
    ['the first', [] as string[]],
    ['a later', ['0']],
  ])('the lost answer of %s write is no foreign owner', async (_, before) => {
    const { writer: made, events } = writer();
    for (const text of before) {
      made.write(text);
      await flush(made);
    }
    failOnce(new StoreError('retry', 'reset', { ambiguous: true }), true);
    made.write('1');
    expect(await flush(made)).toBe(true);
    expect(events.onFenced).not.toHaveBeenCalled();
    made.write('2');
    expect(await flush(made)).toBe(true);
    expect(await inStore()).toBe('2');
  });

  test('a write that arrives late, under the next one, is replaced and does not win', async () => {
    const { writer: made, events } = writer();
    let late: (() => Promise<unknown>) | undefined;
    store.onPut = put => {
      store.onPut = async next => {
        store.onPut = each => each();
        await late?.();
        return next();
      };
      late = put;
      return Promise.reject(new StoreError('retry', 'timeout', { ambiguous: true }));
    };
    made.write('1');
    made.write('2');
    expect(await flush(made)).toBe(true);
    expect(await inStore()).toBe('2');
    expect(events.onFenced).not.toHaveBeenCalled();
  });
});

describe('fencing', () => {
  test('an owner that was replaced does not overwrite, and is notified', async () => {
    const old = writer({ token: '99' });
    old.writer.write('#EXTM3U\nold');
    await flush(old.writer);
    const claimed = await claimPlaylist(store, {
      key,
      token: '100',
      fences: true,
      intervalMs: 0,
      signal: new AbortController().signal,
    });
    old.writer.write('#EXTM3U\nolder');
    await vi.waitFor(() => expect(old.events.onFenced).toHaveBeenCalledTimes(1));
    expect(await inStore()).toBe(claimed?.text);
    expect(claimed?.text).toContain('old');
    const fresh = writer({ token: '100', ...(claimed ? { etag: claimed.etag } : {}) });
    fresh.writer.write('new');
    expect(await flush(fresh.writer)).toBe(true);
    old.writer.write('zombie');
    expect(await inStore()).toBe('new');
  });

  test('what a dead owner left is claimed by the first write, as soon as the store takes one again', async () => {
    const old = writer({ token: '99' });
    old.writer.write('#EXTM3U\nold');
    await flush(old.writer);
    const writtenAt = performance.now();
    const signal = new AbortController().signal;
    const left = await claimPlaylist(store, { key, token: '100', fences: true, intervalMs: 500, isLeft: true, signal });
    expect(performance.now() - writtenAt).toBeLessThan(400);
    expect(left?.text).toBe('#EXTM3U\nold\n## livetran owner 100');
    expect(await inStore()).toBe('#EXTM3U\nold');
    const fresh = writer({ token: '100', intervalMs: 500, etag: left?.etag, writtenAt: left?.writtenAt });
    fresh.writer.write('new');
    expect(await flush(fresh.writer)).toBe(true);
    const waited = performance.now() - writtenAt;
    expect(waited).toBeGreaterThan(490);
    expect(waited).toBeLessThan(1_000);
    expect(fresh.events.onStale).not.toHaveBeenCalled();
    old.writer.write('zombie');
    await vi.waitFor(() => expect(old.events.onFenced).toHaveBeenCalledTimes(1));
    expect(await inStore()).toBe('new');
  });

  test('one who was not dead, and has written since, is not overwritten: its playlist is to be read again', async () => {
    const old = writer({ token: '99' });
    old.writer.write('#EXTM3U\nold');
    await flush(old.writer);
    const signal = new AbortController().signal;
    const left = await claimPlaylist(store, { key, token: '100', fences: true, intervalMs: 50, isLeft: true, signal });
    old.writer.write('#EXTM3U\nolder');
    await flush(old.writer);
    const fresh = writer({ token: '100', etag: left?.etag, writtenAt: left?.writtenAt });
    fresh.writer.write('new');
    await vi.waitFor(() => expect(fresh.events.onStale).toHaveBeenCalledTimes(1));
    fresh.writer.write('newer');
    expect(await fresh.writer.flush(AbortSignal.timeout(200))).toBe(false);
    expect(await inStore()).toBe('#EXTM3U\nolder');
  });

  test('a newer owner’s playlist cannot be claimed', async () => {
    const newer = writer({ token: '1000' });
    newer.writer.write('new');
    await flush(newer.writer);
    const claim = claimPlaylist(store, {
      key,
      token: '999',
      fences: true,
      intervalMs: 0,
      signal: new AbortController().signal,
    });
    await expect(claim).rejects.toMatchObject({ code: 'fenced' });
  });

  test('without a store that fences nothing is written while suspended, and the latest after it', async () => {
    const { writer: made } = writer({ fences: false });
    made.write('1');
    await flush(made);
    made.suspend();
    made.write('2');
    made.write('3');
    expect(await made.flush(AbortSignal.timeout(200))).toBe(false);
    expect(store.puts).toHaveLength(1);
    made.resume();
    expect(await flush(made)).toBe(true);
    expect(store.puts.map(({ text }) => text)).toEqual(['1', '3']);
  });

  test.each([
    ['without a store that fences it writes nothing until the lease is certain again', false, undefined],
    ['with one it writes on', true, 'new'],
  ])('the lease has run out and nothing has suspended the writer: %s', async (_name, fences, there) => {
    let certain = false;
    const { writer: made } = writer({ fences, isCertain: () => certain });
    const onRead = vi.fn();
    store.onRead = onRead;
    made.write('new');
    // It looks whose the playlist is, once it has suspended itself.
    if (fences) await flush(made);
    else await vi.waitFor(() => expect(onRead).toHaveBeenCalled(), { timeout: 10_000 });
    expect(await inStore()).toBe(there);
    certain = true;
    made.resume();
    expect(await flush(made)).toBe(true);
    expect(await inStore()).toBe('new');
  });

  test('without a store that fences a suspended owner sees that a newer one has claimed the playlist', async () => {
    const { writer: made, events } = writer({ fences: false });
    made.write('#EXTM3U\n1');
    await flush(made);
    made.suspend();
    made.resume();
    made.suspend();
    const signal = AbortSignal.timeout(10_000);
    const claimed = await claimPlaylist(store, { key, token: '1000', fences: false, intervalMs: 0, signal });
    await vi.waitFor(() => expect(events.onFenced).toHaveBeenCalledTimes(1));
    made.resume();
    made.write('2');
    await made.close();
    expect(await inStore()).toBe(claimed?.text);
  });

  test('without a store that fences an empty playlist is claimed where there is none', async () => {
    const signal = AbortSignal.timeout(10_000);
    const claim = { key, token: '100', fences: false, intervalMs: 0, empty: '#EXTM3U\n', signal };
    expect((await claimPlaylist(store, claim))?.text).toBe(await inStore());
    expect((await store.get(key))?.metadata.token).toBe('100');
  });

  test('an owner in doubt leaves a turn to the one that claims the playlist, however fast it writes', async () => {
    const intervalMs = 200;
    const { writer: made, events } = writer({ intervalMs });
    made.write('0');
    await flush(made);
    made.suspend();
    const busy = setInterval(() => made.write(String(performance.now())), 10);
    const signal = AbortSignal.timeout(10_000);
    const claimed = await claimPlaylist(store, { key, token: '1000', fences: true, intervalMs, signal });
    await vi.waitFor(() => expect(events.onFenced).toHaveBeenCalled());
    clearInterval(busy);
    expect((await store.get(key))?.etag).toBe(claimed?.etag);
  });

  test('a PUT under way is given up by a suspension', async () => {
    const { writer: made } = writer({ fences: false });
    let aborted = false;
    store.onPut = (_put, _key, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          aborted = true;
          reject(new StoreError('aborted', 'aborted', { ambiguous: true }));
        });
      });
    made.write('1');
    made.suspend();
    await made.close();
    expect(aborted).toBe(true);
  });
});
