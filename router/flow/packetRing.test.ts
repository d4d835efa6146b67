import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sequenceAfter } from '../packet/packet.ts';
import { PacketRing, RingBudget } from './packetRing.ts';

/** A data packet; one comes each millisecond. */
function data(sequence: number, timestampMs = sequence, size = 100): Buffer {
  const packet = Buffer.alloc(size);
  packet.writeUInt32BE(sequence, 0);
  packet.writeUInt32BE((timestampMs * 1_000) >>> 0, 8);
  return packet;
}
const bytes = new RingBudget(1e9);
const all = (ring: PacketRing): number[] => {
  const found: number[] = [];
  const { first, last } = ring;
  if (first === undefined || last === undefined) return found;
  for (let at = first; ; at = sequenceAfter(at)) {
    if (ring.get(at)) found.push(at);
    if (at === last) return found;
  }
};

describe('PacketRing', () => {
  test('keeps what is younger than its time by the caller’s clock', () => {
    const ring = new PacketRing(50, bytes);
    for (let i = 0; i < 1_000; i += 1) ring.add(data(i));
    expect(all(ring)).toEqual(Array.from({ length: 51 }, (_, i) => 949 + i));
  });

  test('keeps less of a stream whose worker needs less, and never more than its own time', () => {
    const ring = new PacketRing(100, bytes);
    ring.keep(50);
    for (let i = 0; i < 1_000; i += 1) ring.add(data(i));
    expect(ring.first).toBe(949);
    ring.keep(5_000);
    for (let i = 1_000; i < 2_000; i += 1) ring.add(data(i));
    expect(ring.first).toBe(1_899);
    ring.keep(undefined);
    for (let i = 2_000; i < 3_000; i += 1) ring.add(data(i));
    expect(ring.first).toBe(2_899);
  });

  test('keeps all while it is held, and lets go of the old ones after that', () => {
    const ring = new PacketRing(50, bytes);
    ring.held = true;
    for (let i = 0; i < 1_000; i += 1) ring.add(data(i));
    expect(ring.first).toBe(0);
    ring.held = false;
    ring.add(data(1_000));
    expect(ring.first).toBe(950);
  });

  test('retransmissions take their places, once; those that are too late are dropped', () => {
    const ring = new PacketRing(100, bytes);
    for (const sequence of [10, 12, 15, 11, 14, 13, 12, 9]) ring.add(data(sequence));
    expect(all(ring)).toEqual([10, 11, 12, 13, 14, 15]);
  });

  test('goes on where sequence numbers and clocks wrap', () => {
    const ring = new PacketRing(5, bytes);
    for (let i = 0; i < 20; i += 1) ring.add(data(sequenceAfter(0x7ffffff8, i), 4_294_960 + i));
    expect(all(ring)).toEqual(Array.from({ length: 6 }, (_, i) => sequenceAfter(0x7ffffff8, 14 + i)));
  });

  test('all rings together keep within their budget', () => {
    const budget = new RingBudget(10_000);
    const rings = [new PacketRing(1e6, budget), new PacketRing(1e6, budget)];
    for (let i = 0; i < 500; i += 1) for (const ring of rings) ring.add(data(i));
    expect(budget.used).toBeLessThanOrEqual(10_000 + 100);
    for (const ring of rings) ring.clear();
    expect(budget.used).toBe(0);
  });

  test('counts its bytes rightly, and is ordered, whatever sequence numbers a caller makes up', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 0x7fffffff }), fc.nat(5))), starts => {
        const budget = new RingBudget(50_000);
        const ring = new PacketRing(1_000, budget);
        for (const [start, length] of starts)
          for (let i = 0; i <= length; i += 1) ring.add(data(sequenceAfter(start, i), i));
        expect(budget.used).toBe(all(ring).length * 100);
        ring.clear();
        expect(budget.used).toBe(0);
      }),
    );
  });
});
