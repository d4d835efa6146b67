import { setTimeout as sleep } from 'node:timers/promises';

interface Listed {
  /** Media sequence number, and URI once it is closed. */
  number: number;
  uri?: string;
  parts: string[];
}

const PAUSE_MS = 200;

/**
 * A viewer of a low-latency media playlist that asks for each next part (RFC 8216bis, 6.2.5.2), fetches each part as soon as it is listed, and
 * each segment when it is closed. What breaks a rule is kept in `violations`.
 */
export class LowLatencyViewer {
  readonly violations: string[] = [];
  /** Answers with 503: nothing came in time. */
  held = 0;
  /** Segments whose bytes were those of their parts. */
  whole = 0;
  /** The newest playlist, and the number of the newest segment in it. */
  playlist = '';
  newest = -1;
  readonly #url: string;
  readonly #parts = new Map<string, Buffer>();
  readonly #segments = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #loop: Promise<void>;

  constructor(url: string) {
    this.#url = url;
    this.#loop = this.#run();
  }

  get discontinuities(): number {
    return this.playlist.match(/^#EXT-X-DISCONTINUITY$/gm)?.length ?? 0;
  }

  get hasEnded(): boolean {
    return this.playlist.includes('#EXT-X-ENDLIST');
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let query = '';
    while (!signal.aborted && !this.hasEnded) {
      try {
        const answer = await fetch(this.#url + query, { signal });
        const text = await answer.text();
        if (answer.status === 503) this.held += 1;
        else if (answer.status !== 200 && this.newest >= 0) this.violations.push(`${answer.status} for ${query}`);
        if (answer.status === 200) query = await this.#read(text);
        else await sleep(PAUSE_MS, undefined, { signal });
      } catch (error) {
        if (!signal.aborted) this.violations.push(String(error));
      }
    }
  }

  /** Returns the directives of what comes next. */
  async #read(text: string): Promise<string> {
    const segments = parse(text);
    const last = segments.at(-1);
    if (!last) return '';
    if (last.number < this.newest) this.violations.push(`${last.number} after ${this.newest}`);
    this.playlist = text;
    this.newest = last.number;
    for (const segment of segments) await this.#check(segment);
    return `?_HLS_msn=${last.uri === undefined ? last.number : last.number + 1}&_HLS_part=${last.uri === undefined ? last.parts.length : 0}`;
  }

  async #check({ uri, parts }: Listed): Promise<void> {
    for (const part of parts) {
      if (!this.#parts.has(part)) this.#parts.set(part, await this.#fetch(part));
    }
    if (uri === undefined || parts.length === 0 || this.#segments.has(uri)) return;
    this.#segments.add(uri);
    const whole = await this.#fetch(uri);
    const joined = Buffer.concat(parts.map(part => this.#parts.get(part) ?? Buffer.alloc(0)));
    if (whole.equals(joined)) this.whole += 1;
    else this.violations.push(`${uri} has ${whole.length} bytes, its parts ${joined.length}`);
  }

  /** What is listed must be there at once. */
  async #fetch(uri: string): Promise<Buffer> {
    const answer = await fetch(new URL(uri, this.#url), { signal: this.#stopping.signal });
    if (!answer.ok) this.violations.push(`${answer.status} for ${uri}`);
    return Buffer.from(await answer.arrayBuffer());
  }
}

function parse(text: string): Listed[] {
  let number = Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(text)?.[1] ?? 0);
  const segments: Listed[] = [];
  let parts: string[] = [];
  for (const line of text.split('\n')) {
    const part = /^#EXT-X-PART:.*URI="([^"]+)"/.exec(line)?.[1];
    if (part !== undefined) parts.push(part);
    if (line === '' || line.startsWith('#')) continue;
    segments.push({ number, uri: line, parts });
    [number, parts] = [number + 1, []];
  }
  if (parts.length > 0) segments.push({ number, parts });
  return segments;
}
