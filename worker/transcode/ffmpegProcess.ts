import { once } from 'node:events';
import { Readable, type Writable } from 'node:stream';
import { execa } from 'execa';
import { eachLine } from './eachLine.ts';
import { ffmpegEnvironment } from './ffmpegEnvironment.ts';
import type { FfmpegLauncher } from './ffmpegLauncher.ts';
import { type FfmpegReport, readProgress } from './ffmpegProgress.ts';

const keptLines = 20;
/** Descriptors 0 to 3: media, nothing, the log, progress. */
const FIRST_OUTPUT = 4;

export interface FfmpegExit {
  /** 'killed': by us. 'failed': it exited with an error, another process sent a signal, or it never started. */
  kind: 'finished' | 'killed' | 'failed';
  /** What happened, in a few words: the reason of the kill, 'it exited with code 1', … */
  reason: string;
  /** It was given all its media before it ended. */
  tookAll: boolean;
  /** Last lines of stderr. */
  lines: readonly string[];
}

export interface FfmpegOptions {
  path: string;
  launcher?: FfmpegLauncher | undefined;
  args: readonly string[];
  /** How many pipes it writes to: `pipe:4`, `pipe:5`, … */
  outputs: number;
  /** Goes to stdin, as fast as FFmpeg takes it; its end closes stdin. */
  input: Readable;
  /** From closing stdin, or from `stop`, to SIGKILL; ms. */
  stopMs: number;
  /** What it is given, chunk by chunk. */
  onChunk?(chunk: Buffer): void;
  onReport?(report: FfmpegReport): void;
  /** A chunk was given; `isBlocked`: FFmpeg takes no more until `onDrained`. */
  onFed?(isBlocked: boolean): void;
  onDrained?(): void;
  /** A line of its log. */
  onLine?(line: string): void;
}

/**
 * One FFmpeg. It leads a process group of its own, so that a terminal's Ctrl-C does not reach it before the worker, and is
 * ended with the worker: by SIGTERM when that exits; when that is killed by the kernel, or by the end of stdin.
 */
export class FfmpegProcess {
  /** Resolves when the process is gone. Never rejects. */
  readonly exited: Promise<FfmpegExit>;
  /** What it writes, by output. Each ends when the process is gone; FFmpeg waits for one that is not read. */
  readonly outputs: readonly Readable[];
  readonly #options: FfmpegOptions;
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: string[] = [];
  #killedFor: string | undefined;
  #tookAll = false;
  #hasExited = false;
  #deadline: NodeJS.Timeout | undefined;
  readonly #gone = new AbortController();

  constructor(options: FfmpegOptions) {
    this.#options = options;
    this.#child = spawn(options);
    const { stdin, stderr, stdio } = this.#child;
    eachLine(stderr, line => {
      this.#keep(line);
      options.onLine?.(line);
    });
    const progress = stdio[3];
    const onLine = readProgress(report => options.onReport?.(report));
    if (progress instanceof Readable) eachLine(progress, onLine);
    this.outputs = Array.from({ length: options.outputs }, (_, i) => readable(stdio[FIRST_OUTPUT + i]));
    this.exited = this.#wait();
    void this.#feed(stdin);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Starts the deadline by which it has to be gone, whether or not stdin could be closed by then. */
  stop(): void {
    const { stopMs } = this.#options;
    if (this.#hasExited) return;
    this.#deadline ??= setTimeout(() => this.kill(`it did not end within ${stopMs / 1000} s`), stopMs);
  }

  /** SIGKILL; the first reason counts. */
  kill(reason: string): void {
    // Its id may be another process's by now.
    if (this.#hasExited) return;
    this.#killedFor ??= reason;
    this.#child.kill('SIGKILL');
  }

  async #feed(stdin: Writable): Promise<void> {
    stdin.on('error', () => this.#gone.abort());
    try {
      for await (const chunk of this.#options.input) {
        if (this.#gone.signal.aborted) return;
        this.#options.onChunk?.(chunk as Buffer);
        const isBlocked = !stdin.write(chunk);
        this.#options.onFed?.(isBlocked);
        if (isBlocked) await once(stdin, 'drain', { signal: this.#gone.signal });
        if (isBlocked) this.#options.onDrained?.();
      }
      this.#tookAll = true;
      stdin.end();
      this.stop();
    } catch {
      // The process or its media is gone; what becomes of it is said by `exited`.
      stdin.destroy();
      this.stop();
    }
  }

  async #wait(): Promise<FfmpegExit> {
    const result = await this.#child;
    this.#hasExited = true;
    clearTimeout(this.#deadline);
    this.#gone.abort();
    const tookAll = this.#tookAll;
    const lines = this.#lines;
    if (this.#killedFor !== undefined) return { kind: 'killed', reason: this.#killedFor, tookAll, lines };
    if (!result.failed) return { kind: 'finished', reason: 'it finished', tookAll, lines };
    return { kind: 'failed', reason: failureOf(result), tookAll, lines };
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
  }
}

/** A pipe that could not be made belongs to a process that could not be started: nothing comes. */
const readable = (stream: unknown): Readable => (stream instanceof Readable ? stream : Readable.from([]));

function spawn({ path, launcher, args, outputs }: FfmpegOptions) {
  const [program = path, ...rest] = [...(launcher?.words ?? []), path, ...args];
  return execa(program, rest, {
    cwd: '/',
    env: ffmpegEnvironment,
    extendEnv: false,
    stdio: ['pipe', 'ignore', 'pipe', 'pipe', ...Array.from({ length: outputs }, () => 'pipe' as const)],
    buffer: false,
    reject: false,
    killDescendants: true,
    cleanup: true,
  });
}

function failureOf({
  exitCode,
  signal,
  code,
}: {
  exitCode?: number | undefined;
  signal?: string | undefined;
  code?: string | undefined;
}): string {
  if (exitCode !== undefined) return `it exited with code ${exitCode}`;
  if (signal !== undefined) return `it was ended by ${signal}`;
  return `it could not be started (${code ?? 'unknown'})`;
}
