import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

interface SeenSegment {
  uri: string;
  discontinuity: boolean;
  gap: boolean;
}

interface Rendition {
  url: string;
  versions: number;
  lastText: string;
  targetDuration: number | undefined;
  /** Media sequence number → what the playlist said of it. */
  segments: Map<number, SeenSegment>;
  mediaSequence: number;
  /** Discontinuities that have left the playlist, as counted from what was seen. */
  discontinuitySequence: number | undefined;
}

export interface Verdict {
  violations: string[];
  /** Different versions of all media playlists together. */
  versions: number;
  segments: number;
  gaps: number;
}

/**
 * Follows a live stream as a player does, and holds every version of every media playlist against RFC 8216bis and the
 * promises of ours: each URI answers 200 on first sight, sequences go forward only, what was listed once never changes.
 */
export class PlaylistOracle {
  readonly #url: string;
  readonly #violations: string[] = [];
  readonly #renditions = new Map<string, Rendition>();
  readonly #hashes = new Map<string, string>();
  readonly #stopping = new AbortController();
  readonly #loop: Promise<void>;

  constructor(url: string) {
    this.#url = url;
    this.#loop = this.#follow();
  }

  /** Checks once more, then returns what was seen. */
  async stop(): Promise<Verdict> {
    this.#stopping.abort();
    await this.#loop;
    await this.#look();
    const renditions = [...this.#renditions.values()];
    const segments = renditions.flatMap(rendition => [...rendition.segments.values()]);
    return {
      violations: this.#violations,
      versions: renditions.reduce((sum, rendition) => sum + rendition.versions, 0),
      segments: segments.length,
      gaps: segments.filter(segment => segment.gap).length,
    };
  }

  async #follow(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#look().catch(error => this.#violations.push(`not reachable: ${error}`));
      await sleep(200, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    const text = await this.#text(this.#url);
    if (text === undefined) return;
    const urls = text.includes('#EXT-X-STREAM-INF')
      ? uriLines(text).map(uri => new URL(uri, this.#url).href)
      : [this.#url];
    for (const url of urls) await this.#lookAt(url, url === this.#url ? text : await this.#text(url));
  }

  async #text(url: string): Promise<string | undefined> {
    const response = await fetch(url);
    const text = await response.text();
    if (response.status === 200) return text;
    this.#violations.push(`${url} answered ${response.status}`);
    return undefined;
  }

  async #lookAt(url: string, text: string | undefined): Promise<void> {
    const rendition = this.#renditions.get(url) ?? newRendition(url);
    this.#renditions.set(url, rendition);
    if (text === undefined || text === rendition.lastText) return;
    rendition.lastText = text;
    rendition.versions += 1;
    await this.#checkVersion(rendition, text);
  }

  async #checkVersion(rendition: Rendition, text: string): Promise<void> {
    const wrong = (what: string): void => void this.#violations.push(`${rendition.url}: ${what}\n${text}`);
    const first = number(text, 'EXT-X-MEDIA-SEQUENCE');
    const target = number(text, 'EXT-X-TARGETDURATION');
    rendition.targetDuration ??= target;
    if (target !== rendition.targetDuration) wrong(`TARGETDURATION changed from ${rendition.targetDuration}`);
    if (first < rendition.mediaSequence) wrong(`MEDIA-SEQUENCE went back from ${rendition.mediaSequence}`);
    const entries = parseEntries(text);
    if (entries[0]?.gap) wrong('EXT-X-GAP at the head');
    this.#checkDiscontinuities(rendition, first, number(text, 'EXT-X-DISCONTINUITY-SEQUENCE'), wrong);
    rendition.mediaSequence = Math.max(first, rendition.mediaSequence);
    for (const [i, entry] of entries.entries()) {
      if (Math.round(entry.duration) > target) wrong(`${entry.uri} lasts ${entry.duration} s`);
      if (!entry.programDateTime) wrong(`${entry.uri} has no PROGRAM-DATE-TIME`);
      const seen = rendition.segments.get(first + i);
      if (!seen) rendition.segments.set(first + i, entry);
      else if (seen.uri !== entry.uri) wrong(`number ${first + i} was ${seen.uri} and is ${entry.uri}`);
      else if (seen.discontinuity !== entry.discontinuity && i > 0) wrong(`${entry.uri} changed its DISCONTINUITY`);
      if (!entry.gap) await this.#checkBytes(new URL(entry.uri, rendition.url).href);
    }
  }

  /** RFC 8216bis 6.2.2: one more for each discontinuity whose segment has left the playlist. */
  #checkDiscontinuities(rendition: Rendition, first: number, claimed: number, wrong: (what: string) => void): void {
    const before = rendition.discontinuitySequence ?? claimed;
    let left = 0;
    for (let n = rendition.mediaSequence; n < first; n += 1) if (rendition.segments.get(n)?.discontinuity) left += 1;
    if (claimed !== before + left) wrong(`DISCONTINUITY-SEQUENCE is ${claimed}, ${before + left} is right`);
    rendition.discontinuitySequence = claimed;
  }

  async #checkBytes(url: string): Promise<void> {
    if (this.#hashes.has(url)) return;
    const response = await fetch(url);
    const bytes = Buffer.from(await response.arrayBuffer());
    this.#hashes.set(url, createHash('sha256').update(bytes).digest('hex'));
    if (response.status !== 200) this.#violations.push(`${url} is listed and answered ${response.status}`);
    else if (bytes.length === 0 || bytes.length % 188 !== 0) this.#violations.push(`${url} has ${bytes.length} bytes`);
  }
}

function newRendition(url: string): Rendition {
  return {
    url,
    versions: 0,
    lastText: '',
    targetDuration: undefined,
    segments: new Map(),
    mediaSequence: 0,
    discontinuitySequence: undefined,
  };
}

const uriLines = (text: string): string[] => text.split('\n').filter(line => line !== '' && !line.startsWith('#'));
const number = (text: string, tag: string): number => Number(new RegExp(`^#${tag}:(\\d+)`, 'm').exec(text)?.[1] ?? 0);

function parseEntries(text: string): (SeenSegment & { duration: number; programDateTime: boolean })[] {
  const entries = [];
  let tags: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) tags.push(line);
    if (line === '' || line.startsWith('#')) continue;
    entries.push({
      uri: line,
      duration: Number.parseFloat(tags.find(tag => tag.startsWith('#EXTINF:'))?.slice(8) ?? '0'),
      discontinuity: tags.includes('#EXT-X-DISCONTINUITY'),
      gap: tags.includes('#EXT-X-GAP'),
      programDateTime: tags.some(tag => tag.startsWith('#EXT-X-PROGRAM-DATE-TIME:')),
    });
    tags = [];
  }
  return entries;
}
