import { posix } from 'node:path';
import type { DoubleObject, Write } from './doubleObject.ts';
import { S3Error } from './s3Error.ts';

/** Timers may fire a little early; a client that waits a second is not to blame for it. */
const slackMs = 10;

/** Whether a store fences is asked by a second write, which one that does refuses. */
const probePrefix = 'livetran-probe/';

/**
 * What a live publisher must never do although S3 lets it: kept as sentences. And R2's limit of writes to one key, which
 * is both: a violation, and a 429 when it is switched on.
 */
export class WriteRules {
  readonly violations: string[] = [];
  readonly #minGapMs: number;
  readonly #lastWrite = new Map<string, number>();
  readonly #segments = new Map<string, string>();

  /** @param writesPerSecond to one key; 0 switches the refusal off, not the violation (at one a second) */
  constructor(writesPerSecond: number) {
    this.#minGapMs = writesPerSecond > 0 ? 1_000 / writesPerSecond : 0;
  }

  /** Throws 429 for a write that comes too soon; records the others, and what is wrong with them. */
  check(key: string, write: Write, etag: string, objects: ReadonlyMap<string, DoubleObject>): void {
    const now = performance.now();
    const before = key.startsWith(probePrefix) ? undefined : this.#lastWrite.get(key);
    const gap = now - (before ?? Number.NEGATIVE_INFINITY) + slackMs;
    if (gap < (this.#minGapMs || 1_000)) this.#violation(`${key}: two writes within ${Math.round(gap)} ms`);
    if (gap < this.#minGapMs) {
      throw new S3Error(429, 'TooManyRequests', 'Reduce your concurrent request rate for the same object.');
    }
    this.#lastWrite.set(key, now);
    this.#checkSegment(key, etag);
    this.#checkType(key, write.headers);
    if (key.endsWith('.m3u8')) this.#checkPlaylist(key, write.body.toString(), objects);
  }

  #checkSegment(key: string, etag: string): void {
    if (!key.endsWith('.ts')) return;
    const first = this.#segments.get(key) ?? etag;
    this.#segments.set(key, first);
    if (first !== etag) this.#violation(`${key}: its name was used again for other bytes`);
  }

  #checkType(key: string, headers: Record<string, string>): void {
    const types: Record<string, string> = { '.ts': 'video/mp2t', '.m3u8': 'application/vnd.apple.mpegurl' };
    const wanted = types[posix.extname(key)];
    const found = headers['content-type'];
    if (wanted !== undefined && found !== wanted) this.#violation(`${key}: stored as ${found}, not ${wanted}`);
    if (wanted !== undefined && !headers['cache-control']) this.#violation(`${key}: stored without Cache-Control`);
  }

  #checkPlaylist(key: string, text: string, objects: ReadonlyMap<string, DoubleObject>): void {
    let gap = false;
    for (const line of text.split(/\r?\n/)) {
      if (line === '#EXT-X-GAP') gap = true;
      if (line === '' || line.startsWith('#') || line.includes('://')) continue;
      const target = posix.join(posix.dirname(key), line);
      if (!gap && !objects.has(target)) this.#violation(`${key}: names ${target}, which is not stored`);
      gap = false;
    }
  }

  #violation(sentence: string): void {
    this.violations.push(sentence);
  }
}
