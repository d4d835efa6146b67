import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import type { Logger } from '../../../common/createLogger.ts';
import { AppError } from '../../../common/errors.ts';
import { parseMediaPlaylist } from '../playlist/parseMediaPlaylist.ts';
import { segmentFile, segmentNumber } from '../playlist/streamFiles.ts';
import type { ClosedSegment } from './closedSegment.ts';

const RESCAN_MS = 2_000;
const READY_MS = 1_000;
const TS_PACKET = 188;
/** Less free space than this is a full disk: FFmpeg would go on, with cut and empty files. */
const LOW_BYTES = 1024 * 1024;

/**
 * Sees the segments that FFmpeg closes in one folder: those that its lists name. A list holds the last few only and
 * events may be lost or merged, so each one means "read all lists again"; so does a timer.
 */
export class SegmentWatcher {
  readonly #dir: string;
  readonly #stems: readonly string[];
  readonly #freeBytes: () => Promise<number>;
  readonly #onSegment: (segment: ClosedSegment) => void;
  readonly #takesLast: (segment: ClosedSegment) => Promise<boolean>;
  readonly #onFault: (fault: AppError) => void;
  readonly #log: Logger;
  /** By rendition, the last number reported. */
  readonly #last: number[];
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #scanning: Promise<void> | undefined;
  #again = false;
  #closing: Promise<void> | undefined;

  constructor(options: {
    dir: string;
    stems: readonly string[];
    firstNumber: number;
    freeBytes: () => Promise<number>;
    /** In order within a rendition. */
    onSegment: (segment: ClosedSegment) => void;
    /** Whether a rendition's last segment, which ends where the input did, is to be reported. Default: it is. */
    takesLast?: (segment: ClosedSegment) => Promise<boolean>;
    onFault: (fault: AppError) => void;
    log: Logger;
  }) {
    this.#dir = options.dir;
    this.#stems = options.stems;
    this.#freeBytes = options.freeBytes;
    this.#onSegment = options.onSegment;
    this.#takesLast = options.takesLast ?? (async () => true);
    this.#onFault = options.onFault;
    this.#log = options.log;
    this.#last = options.stems.map(() => options.firstNumber - 1);
  }

  /** Resolves when nothing that happens from now on is missed. */
  async start(): Promise<void> {
    const watcher = watch(this.#dir, { ignored: path => /\.(ts|tmp)$/.test(path), ignoreInitial: true, depth: 0 });
    this.#watcher = watcher;
    watcher.on('error', error => this.#log.warn({ err: error }, 'the spool cannot be watched; looking every 2 s'));
    // The raw event comes at once; `add` and `change` are held back and merged, which costs up to 100 ms.
    watcher.on('raw', (_event, path) => {
      if (path === null || String(path).endsWith('.m3u8')) void this.#scan();
    });
    watcher.on('all', () => void this.#scan());
    this.#timer = setInterval(() => void this.#scan(), RESCAN_MS);
    // Without events the timer finds everything, only later.
    await once(watcher, 'ready', { signal: AbortSignal.timeout(READY_MS) }).catch(error => {
      this.#log.warn({ err: error }, 'the spool is not watched yet');
    });
    await this.#scan();
  }

  /** FFmpeg is gone: looks a last time. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#watcher?.close();
    await this.#scan();
  }

  /** One scan at a time; a call during one makes another follow it. Resolves after a scan that began after the call. */
  #scan(): Promise<void> {
    if (this.#scanning) this.#again = true;
    this.#scanning ??= this.#scanAll();
    return this.#scanning;
  }

  async #scanAll(): Promise<void> {
    do {
      this.#again = false;
      try {
        const found = await Promise.all(this.#stems.map((_, rendition) => this.#scanList(rendition)));
        if (found.some(Boolean)) await this.#checkSpace();
      } catch (error) {
        this.#log.warn({ err: error }, 'the spool cannot be read');
      }
    } while (this.#again);
    // In the same step as the check above, or a call in between would be lost.
    this.#scanning = undefined;
  }

  /** True when it reported a segment. */
  async #scanList(rendition: number): Promise<boolean> {
    const stem = this.#stems[rendition] ?? '';
    const text = await readIfThere(join(this.#dir, `${stem}.m3u8`));
    if (text === undefined) return false;
    const list = parseMediaPlaylist(text);
    if (!list) {
      await this.#fault(`FFmpeg's list ${stem}.m3u8 is empty`);
      return false;
    }
    let found = false;
    for (const { uri, durationSeconds } of list.segments) {
      const number = segmentNumber(uri);
      const last = this.#last[rendition] ?? -1;
      if (number === undefined || number <= last) continue;
      if (number > last + 1) this.#log.warn({ stem, last, number }, 'segments left the list before they were seen');
      this.#last[rendition] = number;
      const segment = await this.#find(rendition, number, durationSeconds);
      const isLast = list.ended && uri === list.segments.at(-1)?.uri;
      if (!segment || (isLast && !(await this.#takesLast(segment)))) continue;
      this.#onSegment(segment);
      found = true;
    }
    return found;
  }

  /** Undefined, and a fault: its file is not what FFmpeg's list says. */
  async #find(rendition: number, number: number, durationSeconds: number): Promise<ClosedSegment | undefined> {
    const file = segmentFile(this.#stems[rendition] ?? '', number);
    const stats = await stat(join(this.#dir, file)).catch(() => undefined);
    if (!stats || stats.size === 0 || stats.size % TS_PACKET !== 0) {
      await this.#fault(`segment ${file} is ${stats ? `cut off at ${stats.size} bytes` : 'missing'}`);
      return undefined;
    }
    return { rendition, number, file, durationSeconds, bytes: stats.size, closedAt: stats.mtimeMs };
  }

  async #checkSpace(): Promise<void> {
    if ((await this.#freeBytes()) < LOW_BYTES) await this.#fault('the disk is full');
  }

  async #fault(what: string): Promise<void> {
    const free = await this.#freeBytes().catch(() => Number.NaN);
    const message = `${what} in the spool ${this.#dir}, which has ${free} bytes free: make room, or give SPOOL_DIR another disk`;
    this.#onFault(new AppError('storage_error', message));
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
