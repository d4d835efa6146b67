/** A caller's first packet. */
export function induction(socketId: number): Buffer {
  const packet = Buffer.alloc(64);
  packet.writeUInt32BE(0x80000000, 0);
  packet.writeUInt32BE(4, 16);
  packet.writeUInt16BE(2, 22);
  packet.writeInt32BE(1, 36);
  packet.writeUInt32BE(socketId, 40);
  return packet;
}

/** A caller's second packet, with a stream id. */
export function conclusion(options: {
  socketId?: number;
  cookie?: number;
  version?: number;
  streamId?: string;
}): Buffer {
  const { socketId = 1, cookie = 0, version = 5, streamId = '' } = options;
  const text = Buffer.alloc(4 * Math.ceil(Buffer.byteLength(streamId) / 4));
  text.write(streamId);
  const head = induction(socketId);
  head.writeUInt32BE(version, 16);
  head.writeUInt16BE(5, 22);
  head.writeInt32BE(-1, 36);
  head.writeUInt32BE(cookie, 44);
  // SRT_CMD_HSREQ comes first.
  const request = Buffer.from('0001000300010501000000bf00780078', 'hex');
  const sid = Buffer.alloc(4);
  sid.writeUInt16BE(5, 0);
  sid.writeUInt16BE(text.length / 4, 2);
  return Buffer.concat([head, request, sid, text.swap32()]);
}
