import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conclusion, induction } from '../testing/handshakes.ts';
import {
  answerWithId,
  conclusionWith,
  inductionAnswer,
  inductionFor,
  parseHandshake,
  refusal,
  streamIdOf,
  withStreamId,
} from './handshake.ts';

describe('parseHandshake', () => {
  test.each([
    ['an induction', induction(77), { kind: 'induction', version: 4, socketId: 77 }],
    [
      'a conclusion',
      conclusion({ socketId: 77, cookie: 9 }),
      { kind: 'conclusion', version: 5, socketId: 77, cookie: 9 },
    ],
    ['a refusal', refusal(conclusion({ socketId: 77 }), 1404), { kind: 'refusal', code: 2404 }],
  ])('reads %s', (_name, packet, expected) => {
    expect(parseHandshake(packet)).toMatchObject(expected);
  });

  test.each([
    ['a data packet', Buffer.alloc(100)],
    ['one that is cut short', conclusion({}).subarray(0, 63)],
    ['one that is too long', Buffer.concat([conclusion({}), Buffer.alloc(1_500)])],
    ['another control packet', Buffer.from(conclusion({})).fill(1, 1, 2)],
  ])('is undefined for %s', (_name, packet) => {
    expect(parseHandshake(packet)).toBeUndefined();
  });

  test('neither it nor what follows ever throws, whatever comes', () => {
    const start = conclusion({}).subarray(0, 20);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_600 }), fc.boolean(), (bytes, begun) => {
        const packet = Buffer.concat(begun ? [start, bytes] : [bytes]);
        const handshake = parseHandshake(packet);
        if (!handshake) return;
        streamIdOf(packet);
        inductionAnswer(packet, 1);
        refusal(packet, 1400);
        inductionFor(packet);
      }),
    );
  });
});

describe('streamIdOf', () => {
  test.each(['', 'a', 'mode=publish,rid=live-1,token=aaa.bbb.ccc', 'x'.repeat(512)])('reads %j', text => {
    expect(streamIdOf(conclusion({ streamId: text }))).toBe(text);
  });

  test('is replaced by a longer one, and all else stays', () => {
    const packet = conclusion({ socketId: 77, streamId: 'mode=publish' });
    const longer = withStreamId(packet, 'moved=1,mode=publish');
    expect(streamIdOf(longer)).toBe('moved=1,mode=publish');
    expect(streamIdOf(packet)).toBe('mode=publish');
    expect(withStreamId(longer, 'mode=publish').equals(packet)).toBe(true);
  });

  test('is empty when an extension says that it is longer than the packet', () => {
    const packet = conclusion({ streamId: 'mode=publish' });
    packet.writeUInt16BE(0xffff, 66);
    expect(streamIdOf(packet)).toBe('');
  });
});

test('what is answered to an induction is no longer than it, and is for its sender', () => {
  const answer = inductionAnswer(induction(77), 1234);
  expect(answer.length).toBe(64);
  expect(answer.readUInt32BE(12)).toBe(77);
  expect(parseHandshake(answer)).toMatchObject({ kind: 'induction', version: 5, cookie: 1234 });
  expect(answer.readUInt16BE(22)).toBe(0x4a17);
});

test("a caller's conclusion is made again for another listener, and stays what it was otherwise", () => {
  const packet = conclusion({ socketId: 77, cookie: 1, streamId: 'mode=publish' });
  const moved = conclusionWith(packet, { cookie: 2, sequence: 5_000, timestamp: 9_000_000 });
  expect(parseHandshake(moved)).toMatchObject({ cookie: 2, sequence: 5_000, socketId: 77 });
  expect(moved.readUInt32BE(8)).toBe(9_000_000);
  expect(moved.subarray(48).equals(packet.subarray(48))).toBe(true);
  expect(parseHandshake(packet)?.cookie).toBe(1);
  expect(parseHandshake(answerWithId(packet, 42))?.socketId).toBe(42);
});
