/** A caller's data packet, as in live mode: one a message. */
export function dataPacket(
  sequence: number,
  options: { message?: number; timestamp?: number; to?: number } = {},
): Buffer {
  const { message = sequence, timestamp = 0, to = 0 } = options;
  const packet = Buffer.alloc(100);
  packet.writeUInt32BE(sequence & 0x7fffffff, 0);
  packet.writeUInt32BE((0xe0000000 | (message & 0x3ffffff)) >>> 0, 4);
  packet.writeUInt32BE(timestamp >>> 0, 8);
  packet.writeUInt32BE(to, 12);
  return packet;
}
