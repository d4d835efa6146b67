import { spawn } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import type { Rendition } from '../../common/config/encoding.ts';
import type { Logger } from '../../common/createLogger.ts';
import { ffmpegEnvironment } from '../transcode/ffmpegEnvironment.ts';
import type { FfmpegLauncher } from '../transcode/ffmpegLauncher.ts';
import { headers } from './store/headers.ts';
import type { ObjectStore } from './store/objectStore.ts';

/** At most one in this time. FFmpeg's start alone costs 90 ms of CPU: 1 to 2 % of what a 720p stream costs. */
const INTERVAL_MS = 15_000;
/** For FFmpeg, which needs a tenth of a second, and for the PUT. */
const MAKE_MS = 5_000;
const PUT_MS = 5_000;
const WIDTH = 640;

/**
 * A stream's picture `<stream id>/poster.jpg`, of the first key frame of a segment every 15 seconds. Made beside the
 * stream by a short FFmpeg of the lowest priority: whatever fails here, the stream does not notice.
 */
export class Poster {
  /** The rendition to take segments of: the smallest that is not smaller than the poster. */
  readonly rendition: number;
  readonly #store: ObjectStore;
  readonly #key: string;
  readonly #command: readonly string[];
  readonly #intervalMs: number;
  readonly #makeMs: number;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  #startedAt = Number.NEGATIVE_INFINITY;
  #making: Promise<void> | undefined;

  constructor(options: {
    store: ObjectStore;
    streamId: string;
    renditions: readonly Rendition[];
    /** The program. */
    ffmpeg: string;
    /** How it is confined: it decodes what strangers send. */
    launcher: FfmpegLauncher;
    intervalMs?: number;
    /** For FFmpeg, which has the lowest priority (default: 5 s). */
    makeMs?: number;
    /** The last owner may write one yet: the first is due after an interval. */
    takenOver?: boolean;
    log: Logger;
  }) {
    if (options.takenOver) this.#startedAt = performance.now();
    this.rendition = Math.max(
      0,
      options.renditions.findLastIndex(({ width = 0 }) => width >= WIDTH),
    );
    this.#store = options.store;
    this.#key = `${options.streamId}/poster.jpg`;
    this.#command = [...options.launcher.words, options.ffmpeg, ...decodeArgs];
    this.#intervalMs = options.intervalMs ?? INTERVAL_MS;
    this.#makeMs = options.makeMs ?? MAKE_MS;
    this.#log = options.log;
  }

  /** A segment is closed: makes a poster of it, if one is due. The file may go once it is open. Never throws. */
  take(path: string): void {
    const now = performance.now();
    if (this.#closing.signal.aborted || this.#making || now - this.#startedAt < this.#intervalMs) return;
    this.#startedAt = now;
    this.#making = this.#make(path)
      .catch(error => this.#log.debug({ err: error, key: this.#key }, 'poster not made; retry at the next interval'))
      .finally(() => {
        this.#making = undefined;
      });
  }

  /** Gives up what is under way. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#making;
  }

  async #make(path: string): Promise<void> {
    const file = await open(path);
    let picture: Buffer;
    try {
      picture = await this.#decode(file);
    } finally {
      await file.close();
    }
    if (picture.length === 0) throw new Error('FFmpeg found no key frame');
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(PUT_MS)]);
    await this.#store.put(this.#key, picture, { ...headers.poster, signal });
  }

  /** Resolves when the process is gone; FFmpeg reads the open file, so its name may go meanwhile. */
  async #decode(file: FileHandle): Promise<Buffer> {
    const [program = '', ...args] = this.#command;
    const child = spawn(program, args, {
      cwd: '/',
      env: ffmpegEnvironment,
      stdio: [file.fd, 'pipe', 'ignore'],
      signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#makeMs)]),
      killSignal: 'SIGKILL',
    });
    const chunks: Buffer[] = [];
    let failure: unknown;
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', error => {
      failure = error;
    });
    const closed = new Promise(resolve => child.once('close', resolve));
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    await closed;
    if (failure !== undefined) throw failure;
    return Buffer.concat(chunks);
  }
}

const decodeArgs = [
  ...['-hide_banner', '-loglevel', 'error', '-threads', '1', '-skip_frame', 'nokey'],
  // What is in a segment stands at its beginning; more would be read and not needed.
  ...[
    '-probesize',
    '500000',
    '-analyzeduration',
    '200000',
    '-f',
    'mpegts',
    '-protocol_whitelist',
    'pipe',
    '-i',
    'pipe:0',
  ],
  ...['-map', '0:v:0', '-frames:v', '1', '-filter_threads', '1', '-vf', `scale='min(${WIDTH},iw)':-2`],
  ...['-q:v', '5', '-c:v', 'mjpeg', '-threads', '1', '-f', 'image2pipe', 'pipe:1'],
];
