/** Puts one PID's packets together to sections (PAT, PMT), and keeps the packets of the latest whole one for a replay. */
export class TsSection {
  #parts: Buffer[] = [];
  #packets: Buffer[] = [];
  /** The packets that carried the latest section that `accept` was true for. */
  packets: Buffer = Buffer.alloc(0);

  /** Takes a packet's payload; `accept` sees each whole section and says whether it is good. */
  push(packet: Buffer, payload: Buffer, isStart: boolean, accept: (section: Buffer) => boolean): void {
    if (isStart) {
      const pointer = payload[0] ?? 0;
      this.#parts = [payload.subarray(1 + pointer)];
      this.#packets = [packet];
    } else if (this.#parts.length > 0) {
      this.#parts.push(payload);
      this.#packets.push(packet);
    }
    this.#complete(accept);
  }

  #complete(accept: (section: Buffer) => boolean): void {
    const data = this.#parts.length === 1 ? (this.#parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#parts);
    if (data.length < 3) return;
    const length = 3 + (data.readUInt16BE(1) & 0xfff);
    if (data.length < length) return;
    if (accept(data.subarray(0, length))) this.packets = Buffer.concat(this.#packets);
    this.#parts = [];
    this.#packets = [];
  }
}
