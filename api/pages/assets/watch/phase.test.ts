import { expect, test } from 'vitest';
import { phaseOf } from './phase.js';

const live = { state: 'STREAMING', playlistUrl: 'https://cdn.example/show/show.m3u8' };
const of = (facts: object) =>
  phaseOf({
    isMissing: false,
    stream: live,
    player: 'idle',
    isRecording: false,
    isAsked: false,
    ...facts,
  } as Parameters<typeof phaseOf>[0]);

test.each([
  ['nothing is known yet', { stream: undefined }, 'loading'],
  ['there is no such stream', { stream: undefined, isMissing: true }, 'missing'],
  ['the record is gone while the picture plays', { isMissing: true, player: 'playing' }, 'playing'],
  ['no encoder has come', { stream: { state: 'READY', playlistUrl: null } }, 'waiting'],
  ['the encoder is there, the playlist is not', { stream: { state: 'STREAMING', playlistUrl: null } }, 'joining'],
  ['the buffer fills', { player: 'loading' }, 'joining'],
  ['the picture moves', { player: 'playing' }, 'playing'],
  ['the browser wants a click', { player: 'blocked' }, 'blocked'],
  ['the viewer has to start it', { isAsked: true }, 'blocked'],
  ['the network is slow', { player: 'stalled' }, 'reconnecting'],
  [
    'the encoder has gone, and what was fetched still plays',
    { stream: { ...live, state: 'READY' }, player: 'playing' },
    'playing',
  ],
  ['the encoder has gone, and the picture stands', { stream: { ...live, state: 'READY' }, player: 'stalled' }, 'away'],
  ['a viewer comes while the encoder is away', { stream: { ...live, state: 'READY' }, player: 'held' }, 'away'],
  [
    'the stream is over, and what was fetched still plays',
    { stream: { ...live, state: 'STOPPED' }, player: 'playing' },
    'playing',
  ],
  ['the stream is over', { stream: { ...live, state: 'STOPPED' }, player: 'ended' }, 'ended'],
  ['a viewer comes after the end', { stream: { ...live, state: 'STOPPED' } }, 'ended'],
  ['the recording loads', { stream: { ...live, state: 'STOPPED' }, isRecording: true, player: 'loading' }, 'joining'],
  ['the recording plays', { stream: { ...live, state: 'STOPPED' }, isRecording: true, player: 'playing' }, 'playing'],
  ['the recording is over', { stream: { ...live, state: 'STOPPED' }, isRecording: true, player: 'ended' }, 'ended'],
])('%s', (_what, facts, phase) => {
  expect(of(facts)).toBe(phase);
});
