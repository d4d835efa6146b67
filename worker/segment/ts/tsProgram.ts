import type { ElementaryStream } from './tsCodec.ts';
import { TsSection } from './tsSection.ts';
import { parsePat, parsePmt } from './tsTables.ts';

interface Pmt {
  section: TsSection;
  /** The latest good section; undefined as long as none came. */
  current: { bytes: Buffer; streams: readonly ElementaryStream[]; hasVideo: boolean } | undefined;
}

/** The program that is played, as its latest PMT describes it. */
export interface Program {
  pmtPid: number;
  /** The whole PMT section with its CRC, as it came. */
  section: Buffer;
  streams: readonly ElementaryStream[];
}

/** Follows a transport stream's PAT and PMTs (ISO 13818-1, 2.4.4); a table may span packets. */
export class TsProgram {
  readonly #pat = new TsSection();
  #pmts = new Map<number, Pmt>();
  #selected: Program | undefined;

  /** The first program with video; without any, the first program. Undefined: no PMT yet. */
  get selected(): Program | undefined {
    return this.#selected;
  }

  /** The latest PAT and PMTs as the packets they came in. */
  get packets(): Buffer {
    return Buffer.concat([this.#pat.packets, ...[...this.#pmts.values()].map(pmt => pmt.section.packets)]);
  }

  /** Whether this PID carries the PAT or a PMT. */
  isTable(pid: number): boolean {
    return pid === 0 || this.#pmts.has(pid);
  }

  /** Takes the payload of a packet whose PID `isTable`. */
  push(pid: number, packet: Buffer, payload: Buffer, isStart: boolean): void {
    if (pid === 0) {
      this.#pat.push(packet, payload, isStart, section => this.#takePat(section));
      return;
    }
    const pmt = this.#pmts.get(pid);
    pmt?.section.push(packet, payload, isStart, section => this.#takePmt(pmt, section));
  }

  #takePat(section: Buffer): boolean {
    const pids = parsePat(section);
    if (pids === undefined) return false;
    const isNew = pids.length !== this.#pmts.size || pids.some(pid => !this.#pmts.has(pid));
    if (!isNew) return true;
    this.#pmts = new Map(
      pids.map(pid => [pid, this.#pmts.get(pid) ?? { section: new TsSection(), current: undefined }]),
    );
    this.#select();
    return true;
  }

  /** True for a good PMT of ours. A PID may carry other tables beside it. */
  #takePmt(pmt: Pmt, section: Buffer): boolean {
    const streams = parsePmt(section);
    if (streams === undefined) return false;
    const hasVideo = streams.some(({ kind }) => kind === 'video');
    pmt.current = { bytes: Buffer.from(section), streams, hasVideo };
    this.#select();
    return true;
  }

  #select(): void {
    const known = [...this.#pmts].flatMap(([pmtPid, { current }]) => (current ? [{ pmtPid, ...current }] : []));
    const chosen = known.find(({ hasVideo }) => hasVideo) ?? known[0];
    this.#selected = chosen && { pmtPid: chosen.pmtPid, section: chosen.bytes, streams: chosen.streams };
  }
}
