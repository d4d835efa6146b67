/** Offsets and codes of SRT packets (draft-sharabayko-srt-01, section 3). All numbers are big-endian. */

export const HEADER_BYTES = 16;

/** Types of control packets, from their first 16 bits without the top one. */
export const controlTypes = {
  HANDSHAKE: 0,
  KEEPALIVE: 1,
  ACK: 2,
  NAK: 3,
  SHUTDOWN: 5,
  ACKACK: 6,
  /** With a subtype in the next 16 bits. */
  USER: 0x7fff,
} as const;

/** Subtype of a USER packet: the sender's new key (KMREQ). */
export const KEY_MATERIAL = 3;

const SEQUENCE_BITS = 0x7fffffff;

export const isControl = (packet: Buffer): boolean => (packet[0] ?? 0) >= 0x80;
export const controlType = (packet: Buffer): number => packet.readUInt16BE(0) & 0x7fff;
/** Of a data packet: its sequence number, 31 bits. */
export const sequenceOf = (packet: Buffer): number => packet.readUInt32BE(0);
/** The sender's clock (µs since its socket began, 32 bits). */
export const timestampOf = (packet: Buffer): number => packet.readUInt32BE(8);
/** The receiver's socket id; 0 in the first packets of a handshake. */
export const destinationOf = (packet: Buffer): number => packet.readUInt32BE(12);

/** How far sequence number `a` is ahead of `b`; negative: behind. Numbers wrap at 2^31. */
export const sequenceDistance = (a: number, b: number): number => ((a - b) << 1) >> 1;
export const sequenceAfter = (sequence: number, count = 1): number => (sequence + count) & SEQUENCE_BITS;

/** How far the message number (26 bits) of data packet `a` is ahead of that of `b`. */
export const messageDistance = (a: Buffer, b: Buffer): number => ((a.readUInt32BE(4) - b.readUInt32BE(4)) << 6) >> 6;

/** The next sequence number that the sender of an ACK expects; undefined when it is cut short. */
export const acknowledgedBy = (ack: Buffer): number | undefined =>
  ack.length < HEADER_BYTES + 4 ? undefined : ack.readUInt32BE(16) & SEQUENCE_BITS;

/** Light ACKs have the sequence number alone; callers answer all others with an ACKACK. */
export const isFullAck = (packet: Buffer): boolean =>
  packet.length > HEADER_BYTES + 4 && controlType(packet) === controlTypes.ACK;

/** Tells a peer that the connection is over: libsrt's callers end at once. */
export const shutdownPacket = (destination: number): Buffer => control(controlTypes.SHUTDOWN, destination);

/** Keeps a peer, which waits 5 s at most for any packet, from giving the connection up. */
export const keepAlivePacket = (destination: number): Buffer => control(controlTypes.KEEPALIVE, destination);

/** As libsrt sends both: with four bytes of padding. */
function control(type: number, destination: number): Buffer {
  const packet = Buffer.alloc(HEADER_BYTES + 4);
  packet.writeUInt16BE(0x8000 | type, 0);
  packet.writeUInt32BE(destination, 12);
  return packet;
}
