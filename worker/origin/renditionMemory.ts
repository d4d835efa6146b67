import type { Part, PartSink } from '../segment/part.ts';
import { partFile } from './edgeFiles.ts';

export interface KeptPart {
  uri: string;
  seconds: number;
  isIndependent: boolean;
  data: Buffer;
}

/** A segment whose parts are in memory. */
export interface KeptSegment {
  number: number;
  discontinuity: boolean;
  parts: KeptPart[];
  bytes: number;
  /** Undefined: it is open. */
  seconds: number | undefined;
  keySeconds: number;
}

export interface RenditionEvents {
  onOpen(segment: KeptSegment): void;
  onPart(segment: KeptSegment): void;
  onClose(segment: KeptSegment): void;
}

/** One rendition's latest segments in memory, as parts. What is too old for its viewers, or too much, goes. */
export class RenditionMemory implements PartSink {
  readonly #stem: string;
  readonly #token: string;
  readonly #mostBytes: number;
  readonly #events: RenditionEvents;
  #segments: KeptSegment[] = [];
  /** Parts that are kept, by index. */
  readonly #parts = new Map<number, KeptPart>();
  #made = 0;
  #bytes = 0;

  /** @param options.mostBytes for all its parts; the open segment is kept whatever it has */
  constructor(options: { stem: string; token: string; mostBytes: number; events: RenditionEvents }) {
    this.#stem = options.stem;
    this.#token = options.token;
    this.#mostBytes = options.mostBytes;
    this.#events = options.events;
  }

  get segments(): readonly KeptSegment[] {
    return this.#segments;
  }

  /** How many parts were made: the next one's index. */
  get made(): number {
    return this.#made;
  }

  /** URI of the part that comes next. */
  get nextPart(): string {
    return partFile(this.#stem, this.#token, this.#made);
  }

  part(index: number): Buffer | undefined {
    return this.#parts.get(index)?.data;
  }

  /** A whole segment's bytes; undefined: it is open, or not in memory. */
  segment(number: number): Buffer | undefined {
    const kept = this.#segments.find(segment => segment.number === number);
    if (kept?.seconds === undefined) return undefined;
    return Buffer.concat(kept.parts.map(({ data }) => data));
  }

  onOpen({ number, discontinuity }: Parameters<PartSink['onOpen']>[0]): void {
    const segment: KeptSegment = {
      ...{ number, discontinuity: discontinuity !== undefined, parts: [], bytes: 0, seconds: undefined, keySeconds: 0 },
    };
    this.#segments.push(segment);
    this.#events.onOpen(segment);
  }

  onPart({ number, seconds, isIndependent, data }: Part): void {
    const segment = this.#segments.find(kept => kept.number === number);
    if (segment === undefined) return;
    const part = { uri: this.nextPart, seconds, isIndependent, data };
    this.#parts.set(this.#made, part);
    this.#made += 1;
    segment.parts.push(part);
    segment.bytes += data.length;
    this.#bytes += data.length;
    this.#events.onPart(segment);
    while (this.#bytes > this.#mostBytes && this.#segments.length > 1) this.#drop();
  }

  onClose({ number, seconds, keySeconds }: Parameters<PartSink['onClose']>[0]): void {
    const segment = this.#segments.find(kept => kept.number === number);
    if (segment === undefined) return;
    segment.seconds = seconds;
    segment.keySeconds = keySeconds;
    this.#events.onClose(segment);
  }

  /** Drops what `isOld` is true for, from the oldest segment on, as long as it is. The open one stays. */
  forget(isOld: (segment: KeptSegment, behindSeconds: number) => boolean): void {
    const seconds = (from: number): number =>
      this.#segments.slice(from).reduce((sum, { seconds: own, parts }) => sum + (own ?? secondsOf(parts)), 0);
    for (let first = this.#segments[0]; first?.seconds !== undefined && isOld(first, seconds(1)); ) {
      this.#drop();
      first = this.#segments[0];
    }
  }

  #drop(): void {
    const segment = this.#segments.shift();
    if (segment === undefined) return;
    this.#bytes -= segment.bytes;
    // Parts are dropped in the order in which they were made.
    for (const index of [...this.#parts.keys()].slice(0, segment.parts.length)) this.#parts.delete(index);
  }
}

const secondsOf = (parts: readonly KeptPart[]): number => parts.reduce((sum, { seconds }) => sum + seconds, 0);
