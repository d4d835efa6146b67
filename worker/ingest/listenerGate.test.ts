import { expect, test } from 'vitest';
import { ListenerGate } from './listenerGate.ts';
import { recordingLogger } from './testing/testListener.ts';

const caller = { streamId: '', hsVersion: 5, peer: '127.0.0.1:5000' };
const encoder = (isLive: boolean) => ({ keepsOut: () => isLive, giveWay: () => undefined });

function gateOf() {
  const { log, lines } = recordingLogger();
  return { gate: new ListenerGate(() => ({ accept: true, generation: 0 }), log), lines };
}

test('a listener that closes refuses with 1503, also a caller that has passed the handshake', () => {
  const { gate, lines } = gateOf();
  expect(gate.judge(caller)).toEqual({ accept: true, generation: 0 });
  gate.close();
  expect(gate.judge(caller)).toMatchObject({ code: 1503 });
  expect(gate.mayEnter(caller)).toBe(false);
  expect(lines[0]).toMatchObject({ code: 1503 });
});

test('a caller of the old handshake, which has no stream id, gets 1400', () => {
  expect(gateOf().gate.judge({ ...caller, hsVersion: 4 })).toMatchObject({ code: 1400 });
});

test.each([
  [true, { code: 1409 }],
  [false, { accept: true }],
])('an encoder is there, live: %s', (isLive, verdict) => {
  const { gate } = gateOf();
  gate.enter(encoder(isLive));
  expect(gate.judge(caller)).toMatchObject(verdict);
});
