import { seconds } from './timeText.js';

const words = { INITIALISED: 'Starting', READY: 'Waiting', STREAMING: 'Live', STOPPED: 'Ended' };

/**
 * The badge: what the viewer sees now, not what the server has. A viewer who paused is behind.
 * @param {object} facts
 * @param {string} facts.phase of phaseOf
 * @param {string} facts.state the stream's
 * @param {boolean} facts.isRecording
 * @param {boolean} facts.isPaused by the viewer
 * @param {boolean} facts.isBehind further than playing needs
 * @param {number | undefined} facts.latency s between the picture and now; undefined: not known
 * @returns {{text: string, tone: 'live' | 'wait' | 'behind' | 'off'}}
 */
export function badgeOf({ phase, state, isRecording, isPaused, isBehind, latency }) {
  if (isRecording) return { text: 'Recording', tone: 'off' };
  if (state === 'STOPPED') return { text: 'Ended', tone: 'off' };
  if (phase === 'playing') {
    if (isBehind && latency !== undefined) return { text: `${seconds(latency)} behind`, tone: 'behind' };
    if (isPaused) return { text: 'Paused', tone: 'behind' };
    return { text: latency === undefined ? 'Live' : `Live · ${seconds(latency)}`, tone: 'live' };
  }
  if (phase === 'away') return { text: 'Interrupted', tone: 'wait' };
  if (phase === 'reconnecting') return { text: 'Reconnecting', tone: 'wait' };
  return { text: words[state] ?? '…', tone: state === 'STREAMING' ? 'live' : 'wait' };
}
