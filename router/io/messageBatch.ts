import { type Libc, linux } from './libc.ts';

/** SRT's packets fit an Ethernet MTU. */
const SLOT_BYTES = 2_048;
/** Of sockaddr_in6. */
const NAME_BYTES = 28;
/** struct mmsghdr and struct iovec with pointers of 64 bits. */
const HEADER_BYTES = 64;
const VECTOR_BYTES = 16;
const at = { name: 0, nameLength: 8, vectors: 16, vectorCount: 24, flags: 48, length: 56 };

/** The memory of recvmmsg(2) and sendmmsg(2): some slots for packets with their addresses, made once. */
export class MessageBatch {
  readonly size: number;
  readonly headers: Buffer;
  readonly #vectors: Buffer;
  readonly names: Buffer;
  readonly slots: Buffer;

  constructor(libc: Libc, size: number) {
    this.size = size;
    this.headers = Buffer.allocUnsafeSlow(size * HEADER_BYTES).fill(0);
    this.#vectors = Buffer.allocUnsafeSlow(size * VECTOR_BYTES);
    this.names = Buffer.allocUnsafeSlow(size * NAME_BYTES);
    this.slots = Buffer.allocUnsafeSlow(size * SLOT_BYTES);
    const [vectors, names, slots] = [this.#vectors, this.names, this.slots].map(libc.addressOf);
    for (let i = 0; i < size; i += 1) {
      const header = i * HEADER_BYTES;
      this.headers.writeBigUInt64LE((names ?? 0n) + BigInt(i * NAME_BYTES), header + at.name);
      this.headers.writeUInt32LE(NAME_BYTES, header + at.nameLength);
      this.headers.writeBigUInt64LE((vectors ?? 0n) + BigInt(i * VECTOR_BYTES), header + at.vectors);
      this.headers.writeBigUInt64LE(1n, header + at.vectorCount);
      this.#vectors.writeBigUInt64LE((slots ?? 0n) + BigInt(i * SLOT_BYTES), i * VECTOR_BYTES);
      this.#vectors.writeBigUInt64LE(BigInt(SLOT_BYTES), i * VECTOR_BYTES + 8);
    }
  }

  /** The headers from one on. */
  from(i: number): Buffer {
    return this.headers.subarray(i * HEADER_BYTES);
  }

  /** Where the packet of slot `i` begins in `slots`. */
  begin(i: number): number {
    return i * SLOT_BYTES;
  }

  /** How long a received packet is; undefined when it was longer than a slot. */
  lengthOf(i: number): number | undefined {
    const header = i * HEADER_BYTES;
    if ((this.headers.readUInt32LE(header + at.flags) & linux.MSG_TRUNC) !== 0) return undefined;
    return this.headers.readUInt32LE(header + at.length);
  }

  /** Where the sockaddr of its sender begins in `names`. */
  nameBegin(i: number): number {
    return i * NAME_BYTES;
  }

  /** Writes a packet to be sent into a slot. */
  put(i: number, packet: Buffer, name: Buffer): void {
    name.copy(this.names, i * NAME_BYTES);
    this.headers.writeUInt32LE(name.length, i * HEADER_BYTES + at.nameLength);
    const length = packet.copy(this.slots, i * SLOT_BYTES, 0, SLOT_BYTES);
    this.#vectors.writeUInt32LE(length, i * VECTOR_BYTES + 8);
  }
}
