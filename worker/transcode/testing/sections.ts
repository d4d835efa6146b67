import { crc32Mpeg } from '../../segment/ts/tsTables.ts';

/** A PSI section with its CRC. */
export function withCrc(bytes: readonly number[]): Buffer {
  const body = Buffer.from(bytes);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32Mpeg(body));
  return Buffer.concat([body, crc]);
}
