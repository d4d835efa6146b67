import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { ffmpegLauncher } from './ffmpegLauncher.ts';
import { type FfmpegOptions, FfmpegProcess } from './ffmpegProcess.ts';
import { fixture } from './testing/fixture.ts';

function start(path: string, options: Partial<FfmpegOptions> = {}): FfmpegProcess {
  return new FfmpegProcess({ path, args: [], outputs: 0, input: Readable.from([]), stopMs: 10_000, ...options });
}

const frozen = await ffmpegLauncher({
  ffmpeg: 'ffmpeg',
  memoryBytes: 900_000_000,
  uid: 65_534,
  log: silentLogger(),
});

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('FfmpegProcess', () => {
  test('one that exits at once: its code and its last lines, split at \\r too', async () => {
    const exit = await start(fixture('exits-3'), { input: new PassThrough() }).exited;
    expect(exit).toEqual({
      kind: 'failed',
      reason: 'it exited with code 3',
      tookAll: false,
      lines: ['[error] first words', 'frame=1', '[error] last words'],
    });
  });

  test('a path that does not exist is a failed start, not an exception', async () => {
    const input = Readable.from([Buffer.alloc(100_000)]);
    const { exited, outputs } = start('/nowhere/ffmpeg', { input, outputs: 2 });
    expect(await exited).toMatchObject({ kind: 'failed', reason: 'it could not be started (ENOENT)' });
    expect(await Promise.all(outputs.map(output => output.toArray()))).toEqual([[], []]);
  });

  test('its outputs are read until they end', async () => {
    const args = ['-c', 'echo one >&4; cat >&5'];
    const { outputs, exited } = start('sh', { args, outputs: 2, input: Readable.from([Buffer.from('two')]) });
    expect((await Promise.all(outputs.map(output => output.toArray()))).map(String)).toEqual(['one\n', 'two']);
    expect(await exited).toMatchObject({ kind: 'finished' });
  });

  test('the end of its media ends it', async () => {
    const exit = await start('cat', { input: Readable.from([Buffer.alloc(1_000_000)]) }).exited;
    expect(exit).toMatchObject({ kind: 'finished', tookAll: true });
  });

  test('one that stays after the end of stdin is killed at the deadline', async () => {
    const exit = await start(fixture('ignores-end'), { stopMs: 100 }).exited;
    expect(exit).toMatchObject({
      kind: 'killed',
      reason: 'it did not end within 0.1 s',
      tookAll: true,
      lines: ['ready'],
    });
  });

  test('one that takes nothing blocks no one and is killed after stop, though stdin cannot be closed', async () => {
    let blocked = 0;
    const input = Readable.from(Array(100).fill(Buffer.alloc(50_000)));
    const ffmpeg = start(fixture('reads-nothing'), {
      input,
      stopMs: 100,
      onFed: isBlocked => (blocked += isBlocked ? 1 : 0),
    });
    await expect.poll(() => blocked).toBe(1);
    ffmpeg.stop();
    ffmpeg.stop();
    expect(await ffmpeg.exited).toMatchObject({ kind: 'killed', tookAll: false });
    expect(blocked).toBe(1);
  });

  test('the first cause of a kill counts', async () => {
    const ffmpeg = start(fixture('silent'), { input: new PassThrough() });
    ffmpeg.kill('first');
    ffmpeg.kill('second');
    expect(await ffmpeg.exited).toMatchObject({ kind: 'killed', reason: 'first' });
  });

  test('a signal from outside is a failure', async () => {
    const ffmpeg = start(fixture('silent'), { input: new PassThrough() });
    process.kill(ffmpeg.pid ?? 0, 'SIGTERM');
    expect(await ffmpeg.exited).toMatchObject({ kind: 'failed', reason: 'it was ended by SIGTERM' });
  });

  test('keeps the last 20 lines of stderr', async () => {
    const args = ['-c', 'for i in $(seq 50); do echo "line $i" >&2; done'];
    const { lines } = await start('sh', { args }).exited;
    expect(lines).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i + 31}`));
  });

  test('leads a process group, and gets nothing of the environment but PATH', async () => {
    const script = 'ps -o pgid= -p $$ >&2; echo $$ >&2; env | grep -vE "^(PWD|SHLVL|_|OLDPWD)=" >&2';
    const { lines } = await start('sh', { args: ['-c', script] }).exited;
    expect(lines[0]?.trim()).toBe(lines[1]);
    expect(lines.slice(2)).toEqual([expect.stringMatching(/^PATH=/)]);
  });

  test.each([
    ['SIGKILL', { words: [] }],
    ['SIGTERM', { words: [] }],
    // Frozen, it does not see the end of its stdin.
    ['SIGKILL', frozen],
  ] as const)('FFmpeg ends with a worker that gets %s (frozen before: %j)', async (signal, launcher) => {
    const script = `
      import { FfmpegProcess } from ${JSON.stringify(new URL('./ffmpegProcess.ts', import.meta.url).href)};
      import { PassThrough } from 'node:stream';
      const args = ['-f', 'mpegts', '-i', 'pipe:0', '-f', 'null', '-'];
      const ffmpeg = new FfmpegProcess({ path: 'ffmpeg', args, outputs: 0, input: new PassThrough(), stopMs: 1000, launcher: ${JSON.stringify(launcher)} });
      console.log(ffmpeg.pid);
      setInterval(() => {}, 1000);`;
    const worker = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = await once(worker.stdout, 'data');
    const pid = Number(output);
    expect(isAlive(pid)).toBe(true);
    if (launcher === frozen && frozen.words.length > 0) {
      // Past prlimit and setpriv.
      await expect.poll(() => readFile(`/proc/${pid}/comm`, 'utf8'), { timeout: 10_000 }).toBe('ffmpeg\n');
      process.kill(pid, 'SIGSTOP');
    }
    worker.kill(signal);
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });
});
