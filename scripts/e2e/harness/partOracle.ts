import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { brokenPromises, brokenRules } from '../../../worker/origin/testing/lowLatencyRules.ts';
import { type ReadEdge, readEdge } from '../../../worker/origin/testing/readEdge.ts';

export interface PartVerdict {
  violations: readonly string[];
  /** Different parts, and segments that were compared with theirs. */
  parts: number;
  segments: number;
  /** How long after its listing each part had been fetched (ms). */
  fetchMs: readonly number[];
  /** Answers 503: requests that were held for too long. */
  late: number;
  /** The longest time between two new parts (ms). */
  longestPause: number;
  last: ReadEdge | undefined;
}

/** A listed part is there, or it would be 404; a busy machine takes so long to hand it out. */
const AT_ONCE_MS = 5_000;

/**
 * Follows one media playlist of low latency as a player does, by blocking reloads, and holds each version against RFC 8216bis:
 * each part listed is there at once, a segment is its parts, what was listed stays. Ends with the stream, or by stop().
 */
export class PartOracle {
  readonly #url: string;
  readonly #violations: string[] = [];
  readonly #parts = new Map<string, Buffer>();
  readonly #segments = new Map<string, string>();
  readonly #fetchMs: number[] = [];
  readonly #stopping = new AbortController();
  #late = 0;
  #longestPause = 0;
  #partAt: number | undefined;
  #before: ReadEdge | undefined;
  /** Resolves when the playlist has ended. */
  readonly ended: Promise<void>;

  constructor(url: string) {
    this.#url = url;
    this.ended = this.#follow();
  }

  get parts(): number {
    return this.#parts.size;
  }

  get latest(): ReadEdge | undefined {
    return this.#before;
  }

  async stop(): Promise<PartVerdict> {
    this.#stopping.abort();
    await this.ended;
    return {
      ...{ violations: this.#violations, parts: this.#parts.size, segments: this.#segments.size },
      ...{ fetchMs: this.#fetchMs, late: this.#late, longestPause: this.#longestPause, last: this.#before },
    };
  }

  async #follow(): Promise<void> {
    while (!this.#stopping.signal.aborted && !this.#before?.ended) {
      await this.#look(nextOf(this.#before)).catch(error => {
        if (!this.#stopping.signal.aborted) this.#violations.push(`not reachable: ${error}`);
      });
    }
  }

  async #look(query: string): Promise<void> {
    const response = await fetch(`${this.#url}${query}`, { signal: this.#stopping.signal });
    const text = await response.text();
    if (response.status === 503) this.#late += 1;
    else if (response.status !== 200) this.#violations.push(`${query} answered ${response.status}`);
    if (response.status !== 200) return sleep(200);
    const now = readEdge(text);
    const found = [...brokenRules(text), ...(this.#before ? brokenPromises(this.#before, now) : [])];
    if (!isAsAsked(now, query)) found.push(`the answer to ${query} does not have it`);
    for (const what of found) this.#violations.push(`${what}\n${text}`);
    this.#before = now;
    await this.#take(now);
  }

  async #take({ segments }: ReadEdge): Promise<void> {
    for (const { uri, parts } of segments) {
      for (const part of parts) if (!this.#parts.has(part.uri)) await this.#takePart(part.uri);
      if (uri !== undefined && parts.length > 0 && !this.#segments.has(uri)) {
        await this.#compare(
          uri,
          parts.map(part => part.uri),
        );
      }
    }
  }

  async #takePart(uri: string): Promise<void> {
    const began = performance.now();
    this.#longestPause = Math.max(this.#longestPause, began - (this.#partAt ?? began));
    this.#partAt = began;
    const response = await fetch(new URL(uri, this.#url), { signal: this.#stopping.signal });
    const bytes = Buffer.from(await response.arrayBuffer());
    const ms = performance.now() - began;
    this.#fetchMs.push(ms);
    this.#parts.set(uri, bytes);
    if (response.status !== 200) this.#violations.push(`${uri} is listed and answered ${response.status}`);
    else if (ms > AT_ONCE_MS) this.#violations.push(`${uri} is listed and came after ${Math.round(ms)} ms`);
  }

  async #compare(uri: string, parts: readonly string[]): Promise<void> {
    const response = await fetch(new URL(uri, this.#url), { signal: this.#stopping.signal });
    const digest = digestOf(Buffer.from(await response.arrayBuffer()));
    this.#segments.set(uri, digest);
    const own = digestOf(Buffer.concat(parts.map(part => this.#parts.get(part) ?? Buffer.alloc(0))));
    if (response.status !== 200) this.#violations.push(`${uri} is listed and answered ${response.status}`);
    else if (digest !== own) this.#violations.push(`${uri} is not its parts`);
  }
}

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The directives with which a player asks for the next part. */
function nextOf(edge: ReadEdge | undefined): string {
  const last = edge?.segments.at(-1);
  if (last === undefined) return '';
  const isOpen = last.uri === undefined;
  return `?_HLS_msn=${last.mediaSequence + (isOpen ? 0 : 1)}&_HLS_part=${isOpen ? last.parts.length : 0}`;
}

function isAsAsked({ ended, segments }: ReadEdge, query: string): boolean {
  const [, msn, part] = /_HLS_msn=(\d+)&_HLS_part=(\d+)/.exec(query) ?? [];
  if (msn === undefined || ended) return true;
  const found = segments.find(({ mediaSequence }) => mediaSequence === Number(msn));
  if (found?.uri !== undefined || (segments[0]?.mediaSequence ?? 0) > Number(msn)) return true;
  return found !== undefined && found.parts.length > Number(part);
}
