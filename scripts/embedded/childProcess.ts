import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Ends its program when the pipe to it closes: at stop(), and also when we are killed ourselves. */
const GUARD = fileURLToPath(new URL('./guard.sh', import.meta.url));

const TAIL_LINES = 20;

export interface ChildEnd {
  /** The exit code; 128 + signal for a death by signal. */
  code: number;
  /** Whether stop() or kill() was called before. */
  wanted: boolean;
}

export interface Child {
  readonly name: string;
  /** Of its process group; the program itself is a member of it. */
  readonly pid: number;
  readonly exited: Promise<ChildEnd>;
  /** Why it ended, from its last lines of output. */
  reason(): string;
  /** SIGTERM, then SIGKILL after the deadline; resolves when it is gone. */
  stop(deadlineMs: number): Promise<ChildEnd>;
  /** SIGKILL, with all that it has started. */
  kill(): void;
}

/** Starts a program in a process group of its own: Ctrl-C in the terminal reaches us only, and we decide who ends when. */
export function startChild(options: {
  name: string;
  command: string;
  args: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Every line of its two outputs. */
  onLine?: (line: string) => void;
}): Child {
  const child = spawn('/bin/sh', [GUARD, options.command, ...options.args], {
    cwd: options.cwd,
    env: options.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.name}: /bin/sh cannot be started`);
  const lines = collectLines(child, options.onLine);
  let wanted = false;
  const exited = new Promise<ChildEnd>(resolve => {
    child.once('close', code => resolve({ code: code ?? 137, wanted }));
  });
  child.stdin.on('error', () => undefined); // it may be gone before its pipe is closed
  child.once('exit', () => child.stdin.destroy());
  const kill = (): void => {
    wanted = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-pid, 'SIGKILL');
  };
  return {
    name: options.name,
    pid,
    exited,
    reason: () => lastWords(lines),
    kill,
    stop: async deadlineMs => {
      wanted = true;
      child.stdin.destroy();
      const timer = setTimeout(kill, deadlineMs);
      return exited.finally(() => clearTimeout(timer));
    },
  };
}

function collectLines(child: ChildProcess, onLine: ((line: string) => void) | undefined): string[] {
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', line => {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      onLine?.(line);
    });
  }
  return tail;
}

/** Plain text without stack frames; of JSON log lines the last one that is an error (pino level 50 and up). */
function lastWords(lines: readonly string[]): string {
  const plain = lines.filter(line => line.trim() !== '' && !line.startsWith('{') && !/^\s+at /.test(line));
  if (plain.length > 0) return plain.slice(-8).join('\n');
  for (const line of lines.toReversed()) {
    const [, level] = /"level":(\d+)/.exec(line) ?? [];
    const [, message] = /"msg":"((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
    if (message !== undefined && Number(level) >= 50) return message;
  }
  return '';
}
