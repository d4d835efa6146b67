import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eachPacket } from './eachPacket.ts';
import { insertInPicture } from './insertInPicture.ts';
import { payloadStart } from './packetHeader.ts';
import { readPes } from './readPes.ts';
import { packetBytes } from './tsPackets.ts';

const delimiter = Buffer.from([0, 0, 0, 1, 9, 0xf0]);

/** The first packet of a picture: PES header with a PTS, then `payload`; the rest is stuffing in front. */
function firstPacket(payload: Buffer, options: { length?: number; counter?: number } = {}): Buffer {
  const { length = 0, counter = 7 } = options;
  const header = Buffer.from([0, 0, 1, 0xe0, length >> 8, length & 0xff, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1]);
  const data = Buffer.concat([header, payload]);
  const stuffing = packetBytes - 4 - data.length;
  const field =
    stuffing === 0
      ? Buffer.alloc(0)
      : Buffer.concat([Buffer.from([stuffing - 1, 0]), Buffer.alloc(stuffing, 0xff)]).subarray(0, stuffing);
  return Buffer.concat([Buffer.from([0x47, 0x41, 0x00, (stuffing > 0 ? 0x30 : 0x10) | counter]), field, data]);
}

const payloadOf = (packets: Buffer): Buffer =>
  Buffer.concat([...eachPacket(packets)].map(packet => packet.subarray(payloadStart(packet, 0))));

test('whatever its length, the units come behind the delimiter, and nothing else changes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 6, maxLength: 160 }),
      fc.uint8Array({ minLength: 1, maxLength: 700 }),
      fc.boolean(),
      (rest, units, hasDelimiter) => {
        const picture = Buffer.concat([...(hasDelimiter ? [delimiter] : []), Buffer.from([1, ...rest])]);
        const packet = firstPacket(picture);
        const longer = insertInPicture(packet, Buffer.from(units)) ?? Buffer.alloc(0);
        expect(longer.length % packetBytes).toBe(0);
        const at = hasDelimiter ? delimiter.length : 0;
        const expected = Buffer.concat([picture.subarray(0, at), Buffer.from(units), picture.subarray(at)]);
        expect(payloadOf(longer).subarray(14).equals(expected)).toBe(true);
        const [first, ...others] = [...eachPacket(longer)];
        expect(first?.subarray(0, 4)).toEqual(packet.subarray(0, 4));
        others.forEach((other, i) => {
          expect(other.readUInt16BE(1), `packet ${i + 1}`).toBe(0x0100);
          expect((other[3] ?? 0) & 0xf, `packet ${i + 1}`).toBe((7 + i + 1) & 0xf);
        });
      },
    ),
  );
});

test('a stated length grows; where it cannot be stated any more it is left open', () => {
  const units = Buffer.alloc(40, 1);
  const lengthOf = (length: number): number | undefined => {
    const longer = insertInPicture(firstPacket(Buffer.alloc(60, 2), { length }), units) ?? Buffer.alloc(packetBytes);
    return readPes(longer, payloadStart(longer, 0), packetBytes)?.bytes;
  };
  expect(lengthOf(68)).toBe(68 + 40 + 6);
  expect(lengthOf(0)).toBe(Number.POSITIVE_INFINITY);
  expect(lengthOf(0xffff - 39)).toBe(Number.POSITIVE_INFINITY);
});

test('a PES header that goes on in the next packet is left alone', () => {
  const packet = firstPacket(Buffer.alloc(170, 2));
  packet[4 + 8] = 200;
  expect(insertInPicture(packet, Buffer.alloc(40))).toBeUndefined();
});
