import { describe, expect, test } from 'vitest';
import { packetBytes, TsPackets } from './tsPackets.ts';

/** Packets that can be told apart; their payload is full of sync bytes, which must not mislead. */
const stream = Buffer.concat(
  Array.from({ length: 40 }, (_, i) => Buffer.concat([Buffer.from([0x47, 0, i, 0x10]), Buffer.alloc(184, 0x47)])),
);

function packetsOf(data: Buffer, chunkBytes: number): Buffer {
  const packets = new TsPackets();
  const found: Buffer[] = [];
  for (let at = 0; at < data.length; at += chunkBytes) found.push(packets.push(data.subarray(at, at + chunkBytes)));
  return Buffer.concat(found);
}

describe('TsPackets', () => {
  test.each([1, 7, 187, 188, 189, 1316, 4096, 100_000])('puts chunks of %i bytes together without loss', chunkBytes => {
    expect(packetsOf(stream, chunkBytes).equals(stream)).toBe(true);
  });

  test('an aligned chunk is handed on without a copy', () => {
    expect(new TsPackets().push(stream).buffer).toBe(stream.buffer);
  });

  test.each([1, 100, 1316])(
    'begins at the first packet when the stream is joined in the middle of one (%i)',
    chunkBytes => {
      const payload = Buffer.alloc(packetBytes - 50, 0x11);
      expect(packetsOf(Buffer.concat([payload, stream]), chunkBytes).equals(stream)).toBe(true);
    },
  );

  test.each([1, 100, 1316])('skips garbage between packets (chunks of %i)', chunkBytes => {
    const garbage = Buffer.alloc(1_000, 0x22);
    garbage[500] = 0x47;
    const broken = Buffer.concat([stream, garbage, stream]);
    expect(packetsOf(broken, chunkBytes).equals(Buffer.concat([stream, stream]))).toBe(true);
  });

  test('finds nothing in garbage, whatever single sync bytes are in it, and keeps none of it', () => {
    const garbage = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i % 97 === 0 ? 0x47 : i % 251)));
    expect(packetsOf(garbage, 1316)).toHaveLength(0);
  });
});
