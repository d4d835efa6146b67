import { packetBytes } from './ts/tsPackets.ts';
import { crc32Mpeg } from './ts/tsTables.ts';

const headerBytes = 4;
const patPid = 0;

/** Writes a program's PAT and PMT as packets, with continuity counters of its own: they go on from segment to segment. */
export class TableWriter {
  #patCounter = 0;
  #pmtCounter = 0;

  /** A PAT with this program alone, and the PMT. `section`: the whole PMT section with its CRC. */
  packets(program: { pmtPid: number; section: Buffer }): Buffer {
    const pat = packetise(patPid, patSection(program), this.#patCounter);
    const pmt = packetise(program.pmtPid, program.section, this.#pmtCounter);
    this.#patCounter += pat.length / packetBytes;
    this.#pmtCounter += pmt.length / packetBytes;
    return Buffer.concat([pat, pmt]);
  }
}

/** ISO 13818-1, 2.4.4.3. */
function patSection({ pmtPid, section }: { pmtPid: number; section: Buffer }): Buffer {
  const pat = Buffer.from([0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 0, 0xe0, 0, 0, 0, 0, 0]);
  section.copy(pat, 8, 3, 5);
  pat.writeUInt16BE(0xe000 | pmtPid, 10);
  pat.writeUInt32BE(crc32Mpeg(pat.subarray(0, 12)), 12);
  return pat;
}

/** A section from the first packet's payload on (pointer_field 0), filled up with 0xff (ISO 13818-1, 2.4.4). */
function packetise(pid: number, section: Buffer, firstCounter: number): Buffer {
  const room = packetBytes - headerBytes;
  const count = Math.ceil((section.length + 1) / room);
  const packets = Buffer.alloc(count * packetBytes, 0xff);
  for (let i = 0; i < count; i += 1) {
    const at = i * packetBytes;
    const isFirst = i === 0;
    packets.writeUInt32BE(0x47000010 | (isFirst ? 0x400000 : 0) | (pid << 8) | ((firstCounter + i) & 0xf), at);
    if (isFirst) packets[at + headerBytes] = 0;
    const from = isFirst ? 0 : i * room - 1;
    section.copy(packets, at + headerBytes + (isFirst ? 1 : 0), from, (i + 1) * room - 1);
  }
  return packets;
}
