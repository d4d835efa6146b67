import { expect, test } from 'vitest';
import { badgeOf } from './badge.js';

const playing = {
  phase: 'playing',
  state: 'STREAMING',
  isRecording: false,
  isPaused: false,
  isBehind: false,
  latency: 6.2,
};

test.each([
  [{}, 'Live · 6 s', 'live'],
  [{ latency: 1.44 }, 'Live · 1.4 s', 'live'],
  [{ latency: undefined }, 'Live', 'live'],
  [{ isBehind: true, latency: 95 }, '1 min 35 s behind', 'behind'],
  [{ isPaused: true }, 'Paused', 'behind'],
  [{ isPaused: true, isBehind: true, latency: 30 }, '30 s behind', 'behind'],
  [{ state: 'READY' }, 'Live · 6 s', 'live'],
  [{ state: 'READY', phase: 'away' }, 'Interrupted', 'wait'],
  [{ phase: 'reconnecting' }, 'Reconnecting', 'wait'],
  [{ phase: 'joining' }, 'Live', 'live'],
  [{ state: 'READY', phase: 'waiting' }, 'Waiting', 'wait'],
  [{ state: 'STOPPED' }, 'Ended', 'off'],
  [{ state: 'STOPPED', isRecording: true }, 'Recording', 'off'],
  [{ state: '', phase: 'loading' }, '…', 'wait'],
])('%o', (facts, text, tone) => {
  expect(badgeOf({ ...playing, ...facts })).toEqual({ text, tone });
});
