import { expect, test, vi } from 'vitest';
import { Handshakes } from './handshakes.ts';

const [INIT, CONNECTED, BROKEN, CLOSED, NONEXIST] = [1, 5, 6, 8, 9];

/** The refusals that are reported when the socket of a handshake is in these states, turn by turn (10 ms). */
function reported(states: readonly number[], turnMs = 10): number {
  let state = INIT;
  const handshakes = new Handshakes({ srt_getsockstate: () => state });
  const onRefused = vi.fn();
  handshakes.begin(7, { since: 0, onRefused });
  for (const [turn, next] of states.entries()) {
    state = next;
    handshakes.check((turn + 1) * turnMs);
  }
  return onRefused.mock.calls.length;
}

test.each([
  ['closed before it was connected', [INIT, CLOSED, CLOSED, NONEXIST], 1],
  ['gone at the next turn', [NONEXIST], 1],
  ['connected, and accepted late', [CONNECTED, CONNECTED], 0],
  ['an encoder that hung up before it was accepted', [CONNECTED, BROKEN, CLOSED], 0],
  ['the same, seen when it was broken', [BROKEN, NONEXIST], 0],
] as const)('%s', (_name, states, refusals) => {
  expect(reported(states)).toBe(refusals);
});

test('after a pause of this process it is not known which it was', () => {
  expect(reported([CLOSED], 3_000)).toBe(0);
});
