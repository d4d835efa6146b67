const headerBytes = 3;
/** The longest PAT or PMT section with its header (ISO 13818-1, 2.4.4.4: section_length is 1021 at most). */
const maxSectionBytes = headerBytes + 1_021;
/** Such a section fills six packets. More means that they are mostly stuffing. */
const maxPackets = 16;
const none = Buffer.alloc(0);

/** Puts one PID's packets together to sections (PAT, PMT), and keeps the packets of the latest good one for a replay. */
export class TsSection {
  #parts: Buffer[] = [];
  #packets: Buffer[] = [];
  #bytes = 0;
  #current = none;
  /** The packets that carried the latest section that `accept` was true for. */
  packets: Buffer = none;

  /**
   * Takes a packet's payload. `accept` sees each whole section that differs from the latest good one, and says whether it
   * is good: a table comes ten times a second and changes once in hours.
   */
  push(packet: Buffer, payload: Buffer, isStart: boolean, accept: (section: Buffer) => boolean): void {
    if (isStart) {
      this.#reset();
      this.#add(packet, payload.subarray(1 + (payload[0] ?? 0)));
    } else if (this.#parts.length > 0) this.#add(packet, payload);
    if (this.#bytes >= headerBytes) this.#complete(accept);
  }

  #add(packet: Buffer, part: Buffer): void {
    this.#parts.push(part);
    this.#packets.push(packet);
    this.#bytes += part.length;
    if (this.#packets.length > maxPackets) this.#reset();
  }

  #complete(accept: (section: Buffer) => boolean): void {
    const [first = none] = this.#parts;
    const head = first.length >= headerBytes ? first : Buffer.concat(this.#parts, headerBytes);
    const length = headerBytes + (head.readUInt16BE(1) & 0xfff);
    if (length > maxSectionBytes) this.#reset();
    if (this.#bytes < length || length > maxSectionBytes) return;
    const section = first.length >= length ? first.subarray(0, length) : Buffer.concat(this.#parts, length);
    if (!this.#current.equals(section) && accept(section)) {
      this.#current = Buffer.from(section);
      this.packets = Buffer.concat(this.#packets);
    }
    this.#reset();
  }

  #reset(): void {
    this.#parts = [];
    this.#packets = [];
    this.#bytes = 0;
  }
}
