import { execa } from 'execa';
import type { Logger } from '../../common/createLogger.ts';

/** util-linux; PR_SET_PDEATHSIG (prctl(2)) outlives the exec that follows it. */
const launcher = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

/**
 * What a command line begins with so that the kernel kills the process when this one dies, even one that hangs or is
 * frozen. Empty where the system cannot: there FFmpeg ends with its stdin, if it still looks at it.
 */
export async function endWithWorker(log: Logger): Promise<readonly string[]> {
  const [program, ...args] = launcher;
  const { failed } = await execa(program, [...args, 'true'], { reject: false, stdio: 'ignore', timeout: 5_000 });
  if (!failed) return launcher;
  log.info('no setpriv (util-linux): an FFmpeg that hangs when its worker is killed has to be ended by hand');
  return [];
}
