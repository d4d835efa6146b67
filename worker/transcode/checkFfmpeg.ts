import { execa } from 'execa';
import { AppError } from '../../common/errors.ts';
import { ffmpegEnvironment } from './ffmpegEnvironment.ts';
import type { FfmpegLauncher } from './ffmpegLauncher.ts';

const answerMs = 10_000;

/** What the transcode needs of the binary: FFmpeg's own listing, and the word that has to be in it. */
const needs = [
  { listing: ['-encoders'], word: 'libx264' },
  { listing: ['-encoders'], word: 'aac' },
  { listing: ['-demuxers'], word: 'mpegts' },
  { listing: ['-muxers'], word: 'mpegts' },
  { listing: ['-filters'], word: 'scale' },
  { listing: ['-filters'], word: 'aresample' },
  { listing: ['-filters'], word: 'anullsrc' },
] as const;

/**
 * Whether FFmpeg is there and can do what a transcode needs, started as it is for one.
 * @throws AppError `dependency_missing`, which says what to install
 */
export async function checkFfmpeg(
  path: string,
  launcher: FfmpegLauncher = { words: [] },
): Promise<{ version: string }> {
  const ask = (args: readonly string[]) => answerOf(path, [...launcher.words, path, '-hide_banner', ...args]);
  const version = /^ffmpeg version (\S+)/.exec(await ask(['-version']))?.[1];
  if (version === undefined) throw missing(`"${path}" is not FFmpeg`);
  const listings = new Map<string, Promise<Set<string>>>();
  for (const { listing, word } of needs) {
    const key = listing.join(' ');
    const words = listings.get(key) ?? ask(listing).then(text => new Set(text.split(/\s+/)));
    listings.set(key, words);
    if (!(await words).has(word)) throw missing(`FFmpeg ${version} at "${path}" has no ${word} (ffmpeg ${key})`);
  }
  return { version };
}

async function answerOf(path: string, [program = path, ...args]: readonly string[]): Promise<string> {
  const result = await execa(program, args, {
    env: ffmpegEnvironment,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: answerMs,
    killSignal: 'SIGKILL',
  });
  if (!result.failed) return result.stdout;
  const why = result.timedOut
    ? `did not answer within ${answerMs / 1000} s`
    : `cannot be run (${result.code ?? `exit code ${result.exitCode}`})`;
  throw missing(`FFmpeg "${path}" ${why}`);
}

function missing(what: string): AppError {
  return new AppError(
    'dependency_missing',
    `${what}: install FFmpeg 5.1 or newer with libx264 (Debian: apt-get install ffmpeg, macOS: brew install ffmpeg), or set FFMPEG to its full path`,
  );
}
