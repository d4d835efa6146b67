import { isCounterReset } from './ts/packetHeader.ts';
import { packetBytes } from './ts/tsPackets.ts';

const unseen = 0xff;
const nullPid = 0x1fff;

/** Watches the continuity counters of all PIDs (ISO 13818-1, 2.4.3.3). */
export class ContinuityCheck {
  readonly #latest = new Uint8Array(0x2000).fill(unseen);

  /** False: packets of this PID are missing in front of the packet at `at`, or it is out of order. */
  isNext(data: Buffer, at: number, pid: number): boolean {
    const control = data[at + 3] ?? 0;
    const counter = control & 0xf;
    const latest = this.#latest[pid] ?? unseen;
    this.#latest[pid] = counter;
    const hasPayload = (control & 0x10) !== 0;
    if (hasPayload && counter === ((latest + 1) & 0xf)) return true;
    // A packet may be sent twice; one without payload does not count.
    return latest === unseen || counter === latest || isCounterReset(data, at);
  }

  /** How many packets of aligned ones are not the next of their PID. Null packets have no counter. */
  errorsIn(packets: Buffer): number {
    let errors = 0;
    for (let at = 0; at < packets.length; at += packetBytes) {
      const pid = (((packets[at + 1] ?? 0) & 0x1f) << 8) | (packets[at + 2] ?? 0);
      if (pid !== nullPid && !this.isNext(packets, at, pid)) errors += 1;
    }
    return errors;
  }
}
