import { execa } from 'execa';
import type { Logger } from '../../common/createLogger.ts';
import { ffmpegEnvironment } from './ffmpegEnvironment.ts';

/** How FFmpeg is started. */
export interface FfmpegLauncher {
  /** What its command line begins with. */
  words: readonly string[];
  /** User and group id that it runs under, and has to be allowed to write with; undefined: the worker's own. */
  uid?: number | undefined;
}

export interface LauncherOptions {
  ffmpeg: string;
  /** RLIMIT_DATA, bytes. */
  memoryBytes: number;
  /** For a worker that runs as root. */
  uid: number;
  log: Logger;
}

/** Threads get their stacks of this size (RLIMIT_STACK); 8 MB each would fill the memory limit on a host of many cores. */
const stackBytes = 2 * 1024 ** 2;
const answerMs = 10_000;

/**
 * Finds out what this system can do to confine FFmpeg, which decodes what strangers send: a memory limit, no way to more
 * privileges, a user of its own where the worker is root, and the kernel's promise to kill it when the worker dies
 * (PR_SET_PDEATHSIG, prctl(2)), which also ends one that hangs or is frozen. What cannot be done is logged once. FFmpeg itself
 * is never run here with more rights than it gets later.
 */
export async function ffmpegLauncher({ ffmpeg, memoryBytes, uid, log }: LauncherOptions): Promise<FfmpegLauncher> {
  const limits = ['prlimit', `--data=${memoryBytes}`, `--stack=${stackBytes}`, '--core=0', '--'];
  const hasLimits = await canRun([...limits, 'true']);
  if (!hasLimits) log.warn('no prlimit (util-linux): FFmpeg runs without a memory limit');
  const before = hasLimits ? limits : [];
  const ending = ['setpriv', '--pdeathsig', 'KILL', '--no-new-privs'];
  const isRoot = process.getuid?.() === 0;
  const other = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--bounding-set=-all', '--inh-caps=-all'];
  if (isRoot && (await canRun([...before, ...ending, ...other, '--', ffmpeg, '-version']))) {
    return { words: [...before, ...ending, ...other, '--'], uid };
  }
  if (isRoot) log.warn({ uid }, 'FFmpeg cannot run under a user id of its own: it runs as root, like the worker');
  if (await canRun([...before, ...ending, '--', 'true'])) return { words: [...before, ...ending, '--'] };
  log.warn('no setpriv (util-linux): an FFmpeg that hangs when its worker is killed must be killed by hand');
  return { words: before };
}

/** Under the environment that FFmpeg gets: another PATH may lead to other programs. */
async function canRun([program = '', ...args]: readonly string[]): Promise<boolean> {
  const { failed } = await execa(program, args, {
    env: ffmpegEnvironment,
    extendEnv: false,
    reject: false,
    stdio: 'ignore',
    timeout: answerMs,
    killSignal: 'SIGKILL',
  });
  return !failed;
}
