import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { controlType, controlTypes } from '../packet/packet.ts';
import { dataPacket } from '../testing/dataPacket.ts';
import { followsOn } from './followsOn.ts';
import { Rebinding } from './rebinding.ts';

const SECOND_US = 1_000_000;
const elsewhere = { address: '192.0.2.7', port: 7_000 };

/** A full ACK as libsrt sends it: seven words. */
function ack(number: number, to = 77): Buffer {
  const packet = Buffer.alloc(44);
  packet.writeUInt16BE(0x8000 | controlTypes.ACK, 0);
  packet.writeUInt32BE(number, 4);
  packet.writeUInt32BE(to, 12);
  packet.writeUInt32BE(1_001, 16);
  return packet;
}
function ackAck(number: number): Buffer {
  const packet = Buffer.alloc(16);
  packet.writeUInt16BE(0x8000 | controlTypes.ACKACK, 0);
  packet.writeUInt32BE(number, 4);
  return packet;
}

describe('followsOn', () => {
  const at = (sequence: number, message = sequence, timestamp = SECOND_US) =>
    dataPacket(sequence, { message, timestamp });
  const trace = (newest: Buffer) => ({
    ...{ heardAt: 0, newest, acknowledgement: ack(1) },
    clock: { timestamp: SECOND_US, at: 0 },
  });

  test.each([
    ['the next packet', at(1_000), at(1_001), true],
    ['one after some that were lost', at(1_000), at(1_500), true],
    ['of a caller that counts no messages', at(1_000, 1), at(1_200, 1), true],
    ['where sequence numbers wrap', at(0x7fffffff, 5), at(2, 8), true],
    ['where message numbers wrap, without 0', at(1_000, 0x3ffffff), at(1_001, 1), true],
    ['the same again', at(1_000), at(1_000), false],
    ['an earlier one', at(1_000), at(990), false],
    ['one far ahead', at(1_000), at(10_000), false],
    ['one whose message number is another', at(1_000), at(1_001, 5_000), false],
    ['one of another time', at(1_000), at(1_001, 1_001, 20 * SECOND_US), false],
  ])('%s: %#', (_name, newest, packet, expected) => {
    expect(followsOn(packet, trace(newest), 0)).toBe(expected);
  });

  test('the clock runs on while nothing comes', () => {
    const late = dataPacket(1_001, { timestamp: 9 * SECOND_US });
    expect(followsOn(late, trace(at(1_000)), 8_000)).toBe(true);
    expect(followsOn(late, trace(at(1_000)), 0)).toBe(false);
  });

  test('no guess is right', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(word, word, word, (sequence, message, timestamp) => {
        expect(followsOn(dataPacket(sequence, { message, timestamp }), trace(at(1_000)), 0)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('Rebinding', () => {
  function setUp(heardAt = 0) {
    const sent: { packet: Buffer; port: number }[] = [];
    const trace = { heardAt, newest: dataPacket(1_000), acknowledgement: ack(9), clock: { timestamp: 0, at: 0 } };
    const rebinding = new Rebinding(
      () => trace,
      (packet, { port }) => sent.push({ packet, port }),
    );
    return { rebinding, sent, trace, numbers: () => sent.map(({ packet }) => packet.readUInt32BE(4)) };
  }

  test('the caller has moved when the new address answers the challenge; its packets are not lost', () => {
    const { rebinding, sent, numbers } = setUp();
    const packets = [1_001, 1_002, 1_003].map(sequence => dataPacket(sequence));
    expect(packets.map((packet, i) => rebinding.offer(packet, elsewhere, 90 + 20 * i))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(sent.map(({ packet, port }) => [controlType(packet), packet.readUInt32BE(12), port])).toEqual([
      [controlTypes.ACK, 77, elsewhere.port],
    ]);
    expect(rebinding.offer(ackAck(numbers()[0] ?? 0), elsewhere, 140)).toEqual(packets);
  });

  test('nothing is asked while the caller’s own address speaks, nor without its packets', () => {
    const { rebinding, sent, trace } = setUp();
    for (let now = 0; now < 1_000; now += 10) {
      trace.heardAt = now - 20;
      rebinding.offer(dataPacket(1_001), elsewhere, now);
    }
    trace.heardAt = 0;
    for (const packet of [ackAck(9), ack(1), dataPacket(1_000), dataPacket(500)])
      rebinding.offer(packet, elsewhere, 2_000);
    expect(sent).toEqual([]);
  });

  test('an answer counts from the address that was asked, in time, and while the caller’s own is silent', () => {
    const { rebinding, numbers, trace } = setUp();
    const ask = (now: number) => rebinding.offer(dataPacket(1_001), elsewhere, now);
    const answer = (now: number, from = elsewhere) => rebinding.offer(ackAck(numbers().at(-1) ?? 0), from, now);
    ask(200);
    expect(answer(210, { ...elsewhere, port: 7_001 })).toBeUndefined();
    expect(answer(210, { ...elsewhere, address: '192.0.2.8' })).toBeUndefined();
    trace.heardAt = 205;
    expect(answer(210)).toBeUndefined();
    trace.heardAt = 0;
    expect(answer(2_000)).toBeUndefined();
    ask(2_010);
    expect(answer(2_020)).toHaveLength(1);
  });

  test('wrong answers end an address’s chance for a second; a thousand guesses are all wrong', () => {
    const { rebinding, sent, numbers } = setUp();
    let guesses = 0;
    for (let now = 200; guesses < 1_000; now += 1) {
      rebinding.offer(dataPacket(1_001 + guesses), elsewhere, now);
      guesses += 1;
      const guess = ((numbers().at(-1) ?? 0) ^ guesses) >>> 0;
      expect(rebinding.offer(ackAck(guess), elsewhere, now)).toBeUndefined();
    }
    expect(sent.length).toBeLessThan(5);
    expect(rebinding.offer(ackAck(numbers().at(-1) ?? 0), elsewhere, 1_199)).toBeUndefined();
  });

  test('keeps little, however many addresses try', () => {
    const { rebinding, sent } = setUp();
    for (let i = 0; i < 5_000; i += 1)
      rebinding.offer(dataPacket(1_001 + (i % 8_000)), { ...elsewhere, port: 10_000 + (i % 1_000) }, 500);
    expect(new Set(sent.map(({ port }) => port)).size).toBe(4);
    const held = [10_000, 10_001, 10_002, 10_003].flatMap(port => {
      const number = sent.find(each => each.port === port)?.packet.readUInt32BE(4) ?? 0;
      return rebinding.offer(ackAck(number), { ...elsewhere, port }, 510) ?? [];
    });
    expect(held.length).toBeLessThanOrEqual(128);
  });
});
