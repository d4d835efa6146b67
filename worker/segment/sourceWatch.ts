import type { KeyFacts } from './keyScan.ts';
import type { Segment } from './segment.ts';
import { noFacts, type SourceFacts } from './sourceFacts.ts';
import { ticksPerSecond } from './ticks.ts';
import type { ElementaryStream } from './ts/tsCodec.ts';

/** FFmpeg's name of what stream types 3 and 4 may be: their headers tell MP2 from MP3. */
const mpegAudio = 'mp2';

/** Collects what a source shows, from what the segmenter sees. */
export class SourceWatch {
  readonly facts: SourceFacts = noFacts();
  #latestKey: number | undefined;

  /** Bytes, codecs and counts are plain assignments: this runs for each picture. */
  picture({ pts, dts, isKey }: { pts: number; dts: number; isKey: boolean }): void {
    const { facts } = this;
    facts.pictures += 1;
    facts.reorderSeconds = Math.max(facts.reorderSeconds, (pts - dts) / ticksPerSecond);
    this.#latestKey ??= pts;
    facts.keySeconds = Math.max(facts.keySeconds, (pts - this.#latestKey) / ticksPerSecond);
    if (!isKey) return;
    facts.keyFrames += 1;
    this.#latestKey = pts;
  }

  badTimestamp(): void {
    this.facts.pictures += 1;
    this.facts.badTimestamps += 1;
  }

  key({ sps, isIdr }: KeyFacts): void {
    const { facts } = this;
    facts.keysRead += 1;
    if (isIdr) facts.keysWithIdr += 1;
    if (sps === undefined) return;
    facts.keysWithSps += 1;
    facts.videoProfile = sps.codec;
    facts.width = sps.width;
    facts.height = sps.height;
  }

  program(streams: readonly ElementaryStream[]): void {
    this.facts.videoCodec = streams.find(({ kind }) => kind === 'video')?.codec;
    this.facts.audioCodecs = streams.filter(({ kind }) => kind === 'audio').map(({ codec }) => codec);
  }

  segment({ bitRate, audio, seconds }: Segment): void {
    this.facts.seconds += seconds;
    this.facts.kbps = Math.max(this.facts.kbps, bitRate / 1_000);
    if (audio?.codec === 'mp4a.40.34')
      this.facts.audioCodecs = this.facts.audioCodecs.map(codec => (codec === mpegAudio ? 'mp3' : codec));
  }

  formatChange(): void {
    this.facts.formatChanges += 1;
  }

  /** The distance of key frames is not counted across it. */
  timelineBreak(): void {
    this.facts.timelineBreaks += 1;
    this.#latestKey = undefined;
  }
}
