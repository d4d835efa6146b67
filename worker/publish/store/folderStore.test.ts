import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lutimes, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FolderStore } from './folderStore.ts';
import type { PutOptions } from './objectStore.ts';

const segment: PutOptions = { contentType: 'video/mp2t', cacheControl: 'public, max-age=31536000, immutable' };
const playlist = (token: string): PutOptions => ({ ...segment, metadata: { token } });
const program = new URL('../testing/storeProcess.ts', import.meta.url).pathname;
const log = pino({ level: 'silent' });

let dir: string;
let store: FolderStore;
const children: ChildProcessWithoutNullStreams[] = [];
const all = async () => (await readdir(dir, { recursive: true })).sort();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-folder-'));
  store = new FolderStore({ dir, publicUrl: 'https://localhost/video' });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  store.close();
  await rm(dir, { recursive: true });
});

describe('files', () => {
  test('a segment is one file; a playlist has its record in a dot file, and nothing else stays', async () => {
    await store.put('a/a_000.ts', 'segment', segment);
    await store.put('a/a.m3u8', 'playlist', playlist('1'));
    expect(await all()).toEqual(['a', 'a/.meta-a.m3u8.json', 'a/a.m3u8', 'a/a_000.ts']);
    expect(await readFile(join(dir, 'a/a.m3u8'), 'utf8')).toBe('playlist');
  });

  test('deleting the last object removes its folders, but never the root', async () => {
    await store.put('deep/er/a.m3u8', 'playlist', playlist('1'));
    await store.put('deep/b.ts', 'segment', segment);
    await store.delete(['deep/er/a.m3u8']);
    expect(await all()).toEqual(['deep', 'deep/b.ts']);
    await store.delete(['deep/b.ts']);
    expect(await all()).toEqual([]);
    await store.put('deep/b.ts', 'again', segment);
    expect(await all()).toEqual(['deep', 'deep/b.ts']);
  });

  test('a PUT whose condition does not hold leaves no folder', async () => {
    const call = store.put('new/a.m3u8', 'x', { ...playlist('1'), condition: { ifMatch: 'no' } });
    await expect(call).rejects.toMatchObject({ kind: 'precondition' });
    expect(await all()).toEqual([]);
  });

  test('readers see a whole version while it is being replaced', async () => {
    const version = (i: number) => String(i).repeat(50_000);
    await store.put('a/a.m3u8', version(0), playlist('0'));
    let writing = true;
    const writer = (async () => {
      for (let i = 1; i < 60; i += 1) await store.put('a/a.m3u8', version(i % 10), playlist(String(i % 10)));
      writing = false;
    })();
    let reads = 0;
    for (; writing; reads += 1) {
      const found = await store.get('a/a.m3u8');
      const digit = found?.body.toString()[0] ?? '';
      expect(found?.body.toString() === version(Number(digit))).toBe(true);
      expect(found?.metadata).toEqual({ token: digit });
    }
    await writer;
    expect(reads).toBeGreaterThan(0);
  });

  test('a process killed between record and object leaves the old version whole', async () => {
    const first = await store.put('a/a.m3u8', 'first', playlist('1'));
    const record = join(dir, 'a/.meta-a.m3u8.json');
    const { versions } = JSON.parse(await readFile(record, 'utf8')) as { versions: object[] };
    await writeFile(record, JSON.stringify({ versions: [{ etag: 'next', metadata: { token: '2' } }, ...versions] }));
    expect(await store.head('a/a.m3u8')).toMatchObject({ etag: first.etag, metadata: { token: '1' } });
    await store.put('a/a.m3u8', 'second', { ...playlist('2'), condition: { ifMatch: first.etag } });
    expect(await store.head('a/a.m3u8')).toMatchObject({ metadata: { token: '2' } });
  });

  test('a record that a power cut emptied does not hide the object', async () => {
    await store.put('a/a.m3u8', 'first', playlist('1'));
    await writeFile(join(dir, 'a/.meta-a.m3u8.json'), '');
    expect(await store.get('a/a.m3u8')).toMatchObject({ size: 5, metadata: {} });
  });

  test('the sweep removes old temporary files only', async () => {
    await mkdir(join(dir, 'a'));
    for (const name of ['a/.tmp-1-old', 'a/.tmp-2-new', 'a/tmp-old.ts']) await writeFile(join(dir, name), '');
    for (const name of ['a/.tmp-1-old', 'a/tmp-old.ts']) await utimes(join(dir, name), 0, 0);
    await store.sweep(log);
    expect(await all()).toEqual(['a', 'a/.tmp-2-new', 'a/tmp-old.ts']);
  });
});

describe('refuses', () => {
  test.each(['', '/a', 'a/', 'a//b', '../a', 'a/../../b', './a', 'a/.meta-b.json', 'a\\b', 'a\0b', 'x'.repeat(201)])(
    'the key %j',
    async key => {
      await expect(store.put(key, 'x', segment)).rejects.toMatchObject({ kind: 'config', ambiguous: false });
      await expect(store.get(key)).rejects.toMatchObject({ kind: 'config' });
      expect(await store.delete([key])).toEqual({ failed: [{ key, code: 'InvalidKey' }] });
      expect(await all()).toEqual([]);
    },
  );

  test('to read through a symbolic link', async () => {
    await symlink('/etc/hostname', join(dir, 'link.ts'));
    expect(await store.get('link.ts')).toBeUndefined();
    for await (const key of store.list('')) expect.fail(`listed ${key}`);
  });

  test('to read, write or delete through a symbolic link, of a file or of a folder', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'livetran-outside-'));
    try {
      await writeFile(join(outside, 'a.ts'), 'not ours');
      await symlink(outside, join(dir, 'folder'));
      await mkdir(join(dir, 'show'));
      await symlink(join(outside, 'a.ts'), join(dir, 'show/a.ts'));
      for (const key of ['folder/a.ts', 'show/a.ts']) {
        expect(await store.get(key)).toBeUndefined();
        expect(await store.head(key)).toBeUndefined();
      }
      for await (const key of store.list('')) expect.fail(`listed ${key}`);
      await expect(store.put('folder/b.ts', 'x', segment)).rejects.toMatchObject({ kind: 'config' });
      await expect(store.put('folder/new/b.ts', 'x', segment)).rejects.toMatchObject({ kind: 'config' });
      expect((await store.delete(['folder/a.ts'])).failed).toHaveLength(1);
      expect(await readdir(outside)).toEqual(['a.ts']);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  test('a key under an object, as the configuration’s fault', async () => {
    await store.put('a', 'x', segment);
    await expect(store.put('a/b', 'x', segment)).rejects.toMatchObject({ kind: 'config' });
  });
});

describe('many processes', () => {
  async function start(wrapper: string[], ...words: string[]): Promise<ChildProcessWithoutNullStreams> {
    const [command = '', ...args] = [...wrapper, process.execPath, program, ...words];
    const child = spawn(command, args);
    children.push(child);
    await once(child.stdout, 'data');
    return child;
  }

  test('four that count at once on one object lose no step', async () => {
    await store.put('n/counter', '0', { ...playlist('1') });
    const counters = await Promise.all(Array.from({ length: 4 }, () => start([], 'count', dir, '25')));
    const answers = counters.map(async ({ stdout }) => Number(String((await once(stdout, 'data'))[0])));
    for (const { stdin } of counters) stdin.write('go\n');
    const lost = await Promise.all(answers);
    expect((await store.get('n/counter'))?.body.toString()).toBe('100');
    expect((await store.get('n/counter'))?.metadata).toEqual({ value: '100' });
    expect(lost.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0);
    expect(await all()).toEqual(['n', 'n/.meta-counter.json', 'n/counter']);
  }, 20_000);

  test('the lock of a killed process is cleared away, by as many as come at once', async () => {
    await store.put('a/a.m3u8', '0', playlist('0'));
    const child = await start([], 'hold', join(dir, 'a/.lock-a.m3u8'));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { etag = '' } = (await store.head('a/a.m3u8')) ?? {};
    const racers = Array.from({ length: 8 }, (_, i) =>
      store.put('a/a.m3u8', `racer ${i}`, { ...playlist(`${i}`), condition: { ifMatch: etag } }),
    );
    const won = (await Promise.allSettled(racers)).filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(await all()).toEqual(['a', 'a/.meta-a.m3u8.json', 'a/a.m3u8']);
  });

  test('a lock is kept for as long as its process lives, however old it is, also in another container', async () => {
    await store.put('a/a.m3u8', '0', playlist('0'));
    const lock = join(dir, 'a/.lock-a.m3u8');
    const child = await start(otherContainer(), 'hold', lock);
    await lutimes(lock, 0, 0);
    const impatient = new FolderStore({ dir, publicUrl: '', lockWaitMs: 200 });
    await expect(impatient.put('a/a.m3u8', '1', playlist('1'))).rejects.toMatchObject({ kind: 'retry' });
    child.stdin.end();
    const patient = new FolderStore({ dir, publicUrl: '', lockWaitMs: 20_000 });
    await patient.put('a/a.m3u8', '1', playlist('1'));
    expect(await all()).toEqual(['a', 'a/.meta-a.m3u8.json', 'a/a.m3u8']);
  });

  test('a frozen process keeps its lock: others retry, and succeed when it is gone', async () => {
    await store.put('a/a.m3u8', '0', playlist('0'));
    const impatient = new FolderStore({ dir, publicUrl: '', lockWaitMs: 100 });
    const child = await start([], 'hold', join(dir, 'a/.lock-a.m3u8'));
    child.kill('SIGSTOP');
    await expect(impatient.put('a/a.m3u8', '1', playlist('1'))).rejects.toMatchObject({
      kind: 'retry',
      ambiguous: false,
    });
    const caller = AbortSignal.timeout(50);
    const call = store.put('a/a.m3u8', '1', { ...playlist('1'), signal: caller });
    await expect(call).rejects.toMatchObject({ kind: 'aborted' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await impatient.put('a/a.m3u8', '1', playlist('1'));
    expect(await all()).toEqual(['a', 'a/.meta-a.m3u8.json', 'a/a.m3u8']);
  });
});

/** Starts a program in a pid namespace of its own, where this host allows that. */
function otherContainer(): string[] {
  const wrapper = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
  return spawnSync('unshare', [...wrapper.slice(1), 'true']).status === 0 ? wrapper : [];
}
