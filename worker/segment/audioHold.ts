import type { AudioTrack } from './audioTrack.ts';
import { isNearest } from './isNearest.ts';
import { ticksBetween } from './ticks.ts';

const mostBytes = 1_000_000;

interface HeldPes {
  track: AudioTrack;
  pts: number | undefined;
  distance: number | undefined;
  packets: Buffer[];
  bytes: number;
}

/** Holds the audio that comes before a stream's first key frame: a part of it is heard with that picture. */
export class AudioHold {
  #held: HeldPes[] = [];
  #bytes = 0;

  /** `packet` was just pushed to its track. */
  push(track: AudioTrack, packet: Buffer): void {
    if (track.start !== undefined) this.#held.push({ track, ...track.latest, packets: [], bytes: 0 });
    const pes = this.#held.findLast(held => held.track === track);
    if (pes === undefined) return;
    pes.packets.push(packet);
    pes.bytes += packet.length;
    this.#bytes += packet.length;
    while (this.#bytes > mostBytes && this.#held.length > 1) this.#bytes -= this.#held.shift()?.bytes ?? 0;
  }

  /** Empties it: the packets that belong to a stream whose first picture has this PTS, and the tracks inside one. */
  take(pts: number): { packets: Buffer[]; tracks: Set<AudioTrack> } {
    const kept = this.#held.filter(
      held => held.pts !== undefined && isNearest(ticksBetween(pts, held.pts), held.distance),
    );
    const tracks = new Set(kept.filter(held => held === this.#last(held.track)).map(held => held.track));
    this.clear();
    return { packets: kept.flatMap(held => held.packets), tracks };
  }

  clear(): void {
    this.#held = [];
    this.#bytes = 0;
  }

  #last(track: AudioTrack): HeldPes | undefined {
    return this.#held.findLast(held => held.track === track);
  }
}
