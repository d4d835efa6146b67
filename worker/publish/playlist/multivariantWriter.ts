import type { Rendition } from '../../../common/config/encoding.ts';
import type { SegmentInfo } from '../spool/closedSegment.ts';
import { multivariantPlaylist, type Variant } from './multivariantPlaylist.ts';
import type { PlaylistWriter } from './playlistWriter.ts';
import { bandwidth, isMeasured, measure, type RenditionMeasure, startMeasure } from './renditionMeasure.ts';

const LEAST_INTERVAL_MS = 30_000;
const AVERAGE_CHANGE = 0.05;

/** A ladder's multivariant playlist: written when every rendition is playable, and again when it is no longer right. */
export class MultivariantWriter {
  readonly #writer: PlaylistWriter;
  readonly #owner: string;
  readonly #uris: readonly string[];
  readonly #segmentSeconds: number;
  readonly #measures: RenditionMeasure[];
  #written: readonly Variant[] | undefined;
  #writtenAt = 0;
  /** What was written came from segments, not from the settings. */
  #measured = false;

  constructor(options: {
    writer: PlaylistWriter;
    /** Fencing token of the stream's owner. */
    owner: string;
    /** By rendition, relative to the multivariant playlist. */
    uris: readonly string[];
    renditions: readonly Rendition[];
    segmentSeconds: number;
  }) {
    this.#writer = options.writer;
    this.#owner = options.owner;
    this.#uris = options.uris;
    this.#segmentSeconds = options.segmentSeconds;
    this.#measures = options.renditions.map(startMeasure);
  }

  setInfo(rendition: number, info: SegmentInfo): void {
    const before = this.#measures[rendition];
    if (before) this.#measures[rendition] = { ...before, info };
  }

  count(rendition: number, segment: { bytes: number; durationSeconds: number }): void {
    const before = this.#measures[rendition];
    if (before) this.#measures[rendition] = measure(before, segment, this.#segmentSeconds);
  }

  /**
   * The media playlist of each rendition that is made is in the store: writes the playlist if it is due.
   * @param made the renditions to list
   * @param last the stream is over: what it says now stays
   */
  update(made: readonly number[], last = false): void {
    const measures = made.flatMap(rendition => this.#measures[rendition] ?? []);
    // Its codecs are known a moment after the first segments were closed; without them players must guess.
    if (measures.some(({ info }) => info === undefined)) return;
    const variants = measures.map((of, i) => ({
      uri: this.#uris[made[i] ?? 0] ?? '',
      bandwidth: bandwidth(of, this.#segmentSeconds),
      info: of.info,
    }));
    const measured = measures.every(of => isMeasured(of, this.#segmentSeconds));
    const isDue = last || measured !== this.#measured || performance.now() - this.#writtenAt >= LEAST_INTERVAL_MS;
    if (this.#written && !(isDue && differs(this.#written, variants))) return;
    this.#measured = measured;
    this.#written = variants;
    this.#writtenAt = performance.now();
    this.#writer.write(multivariantPlaylist(variants, this.#owner));
  }
}

/** Whether the playlist in the store would mislead a player. */
function differs(before: readonly Variant[], now: readonly Variant[]): boolean {
  if (before.length !== now.length) return true;
  return now.some((variant, i) => {
    const old = before[i];
    if (!old || old.uri !== variant.uri || JSON.stringify(old.info) !== JSON.stringify(variant.info)) return true;
    const { peak, average } = variant.bandwidth;
    const moved = Math.abs(average - old.bandwidth.average) > AVERAGE_CHANGE * old.bandwidth.average;
    return moved || peak > old.bandwidth.peak;
  });
}
