import type { StreamSample } from '../../common/stream/streamSample.ts';

/** A closed segment, as far as it is measured. */
export interface MeteredSegment {
  rendition: number;
  number: number;
  bytes: number;
  durationSeconds: number;
}

/** So many segments that wait are remembered by their age; more are counted only. */
const REMEMBERED = 1_000;

type PublishFigures = Pick<StreamSample, 'lagMs' | 'backlog' | 'backlogMs' | 'retries' | 'gaps' | 'renditionKbps'>;

/** What becomes of a stream's segments, from closed to listed. Lives as long as the session. */
export class PublishMeter {
  /** When each was closed, by rendition and number, the oldest first. */
  readonly #waiting = new Map<string, number>();
  readonly #kbps: number[] = [];
  #lagMs = -1;
  #retries = 0;
  #gaps = 0;

  /** @param now ms, monotonic */
  closed({ rendition, number, bytes, durationSeconds }: MeteredSegment, now: number): void {
    if (durationSeconds > 0) this.#kbps[rendition] = (bytes * 8) / 1_000 / durationSeconds;
    if (this.#waiting.size < REMEMBERED) this.#waiting.set(`${rendition}/${number}`, now);
  }

  /** It is stored, or given up. */
  settled({ rendition, number }: Pick<MeteredSegment, 'rendition' | 'number'>): void {
    this.#waiting.delete(`${rendition}/${number}`);
  }

  listed(closedToListedMs: number): void {
    this.#lagMs = Math.max(this.#lagMs, closedToListedMs);
  }

  gapListed(): void {
    this.#gaps += 1;
  }

  putFailed(): void {
    this.#retries += 1;
  }

  /** The figures since the call before. */
  read(now: number): PublishFigures {
    const [oldest] = this.#waiting.values();
    const figures = {
      ...{ lagMs: this.#lagMs, retries: this.#retries, gaps: this.#gaps },
      backlog: this.#waiting.size,
      backlogMs: oldest === undefined ? 0 : now - oldest,
      renditionKbps: Array.from(this.#kbps, kbps => kbps ?? 0),
    };
    this.#lagMs = -1;
    this.#retries = 0;
    this.#gaps = 0;
    return figures;
  }
}
