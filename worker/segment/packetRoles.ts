import { AudioTrack } from './audioTrack.ts';
import { payloadStart } from './ts/packetHeader.ts';
import { type Program, TsProgram } from './ts/tsProgram.ts';

/** What a PID is to the segmenter. From `audio` on, each number is an audio track: `tracks[role - audio]`. */
export const role = { foreign: 0, video: 1, other: 2, audio: 3 } as const;

/** Knows each PID's role from the tables that come in. */
export class PacketRoles {
  readonly #tables = new TsProgram();
  #roles = new Uint8Array(0x2000);
  #program: Program | undefined;
  tracks: readonly AudioTrack[] = [];

  get program(): Program | undefined {
    return this.#program;
  }

  get videoCodec(): string | undefined {
    return this.#program?.streams.find(({ kind }) => kind === 'video')?.codec;
  }

  of(pid: number): number {
    return this.#roles[pid] ?? role.foreign;
  }

  /** Takes a packet of a foreign PID, which may be a table's. Says what changed by it. */
  push(pid: number, packet: Buffer): 'tables' | 'tracks' | undefined {
    if (!this.#tables.isTable(pid)) return undefined;
    const payload = packet.subarray(payloadStart(packet, 0));
    if (payload.length > 0) this.#tables.push(pid, packet, payload, (packet.readUInt8(1) & 0x40) !== 0);
    const before = this.#program;
    const program = this.#tables.selected;
    if (program === undefined || program === before) return undefined;
    this.#program = program;
    if (before !== undefined && tracksOf(before) === tracksOf(program)) return 'tables';
    this.#assign(program);
    return 'tracks';
  }

  #assign({ streams, section }: Program): void {
    const known = new Map(this.tracks.map(track => [track.pid, track]));
    const pids = streams.filter(({ kind }) => kind === 'audio').map(({ pid }) => pid);
    this.tracks = pids.map(pid => known.get(pid) ?? new AudioTrack(pid));
    this.#roles = new Uint8Array(0x2000);
    this.#roles[section.readUInt16BE(8) & 0x1fff] = role.other;
    for (const { pid } of streams) this.#roles[pid] = role.other;
    pids.forEach((pid, i) => {
      this.#roles[pid] = role.audio + i;
    });
    const video = streams.find(({ kind }) => kind === 'video');
    if (video !== undefined) this.#roles[video.pid] = role.video;
    // The null packets' PID, which a PMT names when there is no clock.
    this.#roles[0x1fff] = role.foreign;
  }
}

const tracksOf = ({ pmtPid, streams }: Program): string => JSON.stringify([pmtPid, streams]);
