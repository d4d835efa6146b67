import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { checkFfmpeg } from './checkFfmpeg.ts';
import { type FfmpegLauncher, ffmpegLauncher } from './ffmpegLauncher.ts';
import { FfmpegProcess } from './ffmpegProcess.ts';

const uid = 65_534;
const memoryBytes = 300_000_000;
const isLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;

const find = (ffmpeg = 'ffmpeg') => ffmpegLauncher({ ffmpeg, memoryBytes, uid, log: silentLogger() });

/** Runs a shell script in FFmpeg's place. */
async function script(text: string, launcher: FfmpegLauncher) {
  const options = { path: 'sh', args: ['-c', text], outputs: 0, input: Readable.from([]), stopMs: 10_000 };
  return new FfmpegProcess({ ...options, launcher }).exited;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.runIf(isLinux)('ffmpegLauncher', () => {
  test('takes every way to more privileges', async () => {
    const { lines } = await script('cat /proc/self/status >&2', await find());
    const status = Object.fromEntries(lines.map(line => line.split(':\t')));
    expect(status.NoNewPrivs).toBe('1');
    if (isRoot) expect(status).toMatchObject({ CapEff: '0'.repeat(16), CapBnd: '0'.repeat(16) });
  });

  test('limits memory: a program that wants more is refused it', async () => {
    const exit = await script('exec tail /dev/zero', await find());
    expect(exit).toMatchObject({ kind: 'failed', reason: 'it exited with code 1' });
    expect(exit.lines.join()).toMatch(/memory/);
  });

  test.runIf(isRoot)("hides the worker's environment, by a user of its own", async () => {
    const launcher = await find();
    expect(launcher.uid).toBe(uid);
    expect((await script('id -u >&2; id -g >&2; id -G >&2', launcher)).lines).toEqual(Array(3).fill(`${uid}`));
    const { lines } = await script('cat /proc/$PPID/environ >&2', launcher);
    expect(lines.join()).toMatch(/Permission denied/);
  });

  test.runIf(isRoot)('FFmpeg never runs as root, not even while a worker starts', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'livetran-launcher-'));
    try {
      const users = join(dir, 'users');
      await writeFile(users, '');
      await Promise.all([chmod(dir, 0o755), chmod(users, 0o666)]);
      const spy = join(dir, 'ffmpeg');
      await writeFile(spy, `#!/bin/sh\nid -u >> ${users}\nexec ffmpeg "$@"\n`, { mode: 0o755 });
      await checkFfmpeg(spy, await find(spy));
      const seen = (await readFile(users, 'utf8')).trim().split('\n');
      expect(seen.length).toBeGreaterThan(1);
      expect(new Set(seen)).toEqual(new Set([`${uid}`]));
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test.runIf(isRoot)('goes without a user of its own where that one cannot run FFmpeg', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'livetran-launcher-'));
    try {
      // Only its owner may look into a folder that mkdtemp makes.
      const own = join(dir, 'ffmpeg');
      await writeFile(own, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
      const launcher = await find(own);
      expect(launcher.uid).toBeUndefined();
      expect(launcher.words).toContain('--no-new-privs');
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  test("finds its tools in FFmpeg's PATH, not in the worker's", async () => {
    vi.stubEnv('PATH', '/nowhere');
    expect((await find()).words).toEqual(expect.arrayContaining(['prlimit', 'setpriv']));
  });
});
