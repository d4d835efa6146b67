import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { watchSecrets } from './loggedSecrets.ts';
import { waitFor } from './waitFor.ts';

/** One line of a process's log. */
export type LogLine = Record<string, unknown> & { msg?: string };

export interface Child {
  readonly pid: number;
  /** All JSON lines of stdout so far. */
  readonly log: LogLine[];
  /** All other lines, of both outputs. */
  readonly text: string[];
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** The first log line, past or to come, with that message. */
  line(msg: string, timeoutMs?: number): Promise<LogLine>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after 15 s; resolves when it is gone. */
  stop(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts a real process and collects what it prints. */
export function startChild(
  command: string,
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Child {
  const child: ChildProcess = spawn(command, args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  const text: string[] = [];
  watchSecrets({ log, text }, options.env ?? {});
  const onLine = (line: string): void => {
    if (line.startsWith('{')) log.push(JSON.parse(line) as LogLine);
    else text.push(line);
  };
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', onLine);
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    pid: child.pid ?? -1,
    log,
    text,
    exited,
    line: (msg, timeoutMs) =>
      waitFor(`log line "${msg}" of ${args[0]}`, () => log.find(line => line.msg === msg), timeoutMs),
    kill: signal => void child.kill(signal),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      return exited.finally(() => clearTimeout(timer));
    },
  };
}
