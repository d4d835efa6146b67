import type { PartSink } from './part.ts';

/** Holds a rendition's parts back until it is clear that viewers may have them. */
export class HeldParts implements PartSink {
  readonly #sink: PartSink;
  #held: { number: number; tell: () => void }[] | undefined = [];

  constructor(sink: PartSink) {
    this.#sink = sink;
  }

  /** Viewers may have the segments from this number on; those before it were left out. May be called twice. */
  release(number: number): void {
    const held = this.#held;
    this.#held = undefined;
    for (const one of held ?? []) if (one.number >= number) one.tell();
  }

  onOpen(segment: Parameters<PartSink['onOpen']>[0]): void {
    this.#tell(segment.number, () => this.#sink.onOpen(segment));
  }

  onPart(part: Parameters<PartSink['onPart']>[0]): void {
    this.#tell(part.number, () => this.#sink.onPart(part));
  }

  onClose(segment: Parameters<PartSink['onClose']>[0]): void {
    this.#tell(segment.number, () => this.#sink.onClose(segment));
  }

  #tell(number: number, tell: () => void): void {
    if (this.#held === undefined) tell();
    else this.#held.push({ number, tell });
  }
}
