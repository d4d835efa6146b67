/** Parts of a segment, and how many segments the playlist lists. */
const PARTS = 6;
const WINDOW = 10;
/** Segments whose parts are listed: three target durations. */
const WITH_PARTS = 3;

interface Answer {
  type: string;
  cache: string;
  body: string | Buffer;
}

/**
 * A live edge without media: a part each `partMs`, of random bytes that begin with the time of its closing (ms since 1970, a double). It has the
 * playlist of a real one, and holds requests as a real one does.
 */
export class SyntheticEdge {
  readonly #id: string;
  readonly #partMs: number;
  readonly #bytes: number;
  readonly #parts = new Map<number, Buffer>();
  #waiting: { path: string; answer: (answer: Answer) => void }[] = [];
  /** Parts that are closed. */
  #closed = 0;

  constructor(id: string, { partMs, kbps }: { partMs: number; kbps: number }) {
    this.#id = id;
    this.#partMs = partMs;
    this.#bytes = Math.round((kbps * partMs) / 8);
  }

  tick(): void {
    const part = Buffer.alloc(this.#bytes, this.#closed);
    part.writeDoubleLE(performance.timeOrigin + performance.now());
    this.#parts.set(this.#closed, part);
    this.#parts.delete(this.#closed - PARTS * WITH_PARTS * 2);
    this.#closed += 1;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) this.ask(one.path, one.answer);
  }

  /** Answers now, or when there is an answer. */
  ask(path: string, answer: (answer: Answer) => void): void {
    const found = this.#find(path);
    if (found) answer(found);
    else this.#waiting.push({ path, answer });
  }

  #find(path: string): Answer | undefined {
    const part = /_p0-(\d+)\.ts$/.exec(path)?.[1];
    if (part !== undefined) {
      const body = this.#parts.get(Number(part));
      return body && { type: 'video/mp2t', cache: 'max-age=12', body };
    }
    const [, msn, index = '0'] = /_HLS_msn=(\d+)(?:&_HLS_part=(\d+))?/.exec(path) ?? [];
    if (msn !== undefined && this.#closed <= Number(msn) * PARTS + Number(index)) return undefined;
    return {
      type: 'application/vnd.apple.mpegurl',
      cache: msn === undefined ? 'max-age=1' : 'max-age=12',
      body: this.#playlist(),
    };
  }

  #playlist(): string {
    const seconds = (this.#partMs / 1_000).toFixed(5);
    const open = Math.floor(this.#closed / PARTS);
    const first = Math.max(0, open - WINDOW);
    const lines = [
      ...['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-INDEPENDENT-SEGMENTS', '#EXT-X-TARGETDURATION:2'],
      `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${(3 * Number(seconds)).toFixed(5)},CAN-SKIP-UNTIL=12`,
      ...[`#EXT-X-PART-INF:PART-TARGET=${seconds}`, `#EXT-X-MEDIA-SEQUENCE:${first}`],
    ];
    for (let msn = first; msn <= open; msn += 1) {
      for (let part = msn * PARTS; part < Math.min(this.#closed, (msn + 1) * PARTS); part += 1) {
        const independent = part % (PARTS / 2) === 0 ? ',INDEPENDENT=YES' : '';
        if (msn > open - WITH_PARTS)
          lines.push(`#EXT-X-PART:DURATION=${seconds},URI="${this.#id}_p0-${part}.ts"${independent}`);
      }
      if (msn < open)
        lines.push(
          `#EXTINF:${(PARTS * Number(seconds)).toFixed(5)},`,
          `${this.#id}_${String(msn).padStart(3, '0')}.ts`,
        );
    }
    lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${this.#id}_p0-${this.#closed}.ts"`, '');
    return lines.join('\n');
  }
}
