/**
 * What the page shows over or instead of the picture.
 * @param {object} facts
 * @param {boolean} facts.isMissing the server says that there is no such stream
 * @param {{state: string, playlistUrl: string | null} | undefined} facts.stream as the server had it last; undefined: not heard yet
 * @param {'idle' | 'loading' | 'held' | 'playing' | 'stalled' | 'blocked' | 'ended'} facts.player
 * @param {boolean} facts.isRecording the player has the recording, not the live playlist
 * @param {boolean} facts.isAsked the viewer has to start the player, and has not
 * @returns {'loading' | 'waiting' | 'joining' | 'playing' | 'blocked' | 'reconnecting' | 'away' | 'ended' | 'missing'}
 */
export function phaseOf({ isMissing, stream, player, isRecording, isAsked }) {
  if (isMissing && player === 'idle') return 'missing';
  if (!stream) return 'loading';
  if (isRecording) return recordingPhase(player);
  const isOn = player === 'playing' || player === 'blocked';
  // What has been fetched plays to its end; viewers who come later find only the sign.
  if (stream.state === 'STOPPED') return isOn ? player : 'ended';
  if (stream.playlistUrl === null) return stream.state === 'STREAMING' ? 'joining' : 'waiting';
  if (isAsked || player === 'blocked') return 'blocked';
  if (player === 'playing') return 'playing';
  if (stream.state !== 'STREAMING') return 'away';
  return player === 'stalled' ? 'reconnecting' : 'joining';
}

function recordingPhase(player) {
  if (player === 'playing' || player === 'blocked' || player === 'ended') return player;
  return player === 'stalled' ? 'reconnecting' : 'joining';
}
