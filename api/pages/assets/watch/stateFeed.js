const POLL_MS = 2_000;
/** Where little is left to happen: after the end, and on a page that nobody sees. */
const SLOW_POLL_MS = 5_000;

/**
 * Asks for the stream's state, again and again.
 * @param {string} id
 * @param {object} deps
 * @param {import('./serverClock.js').ServerClock} deps.clock
 * @param {(stream: object) => void} deps.onState
 * @param {() => void} deps.onMissing the server says that there is no such stream
 */
export function followState(id, { clock, onState, onMissing }) {
  const token = new URLSearchParams(location.search).get('token');
  const url = `/watch/${encodeURIComponent(id)}/state${token === null ? '' : `?token=${encodeURIComponent(token)}`}`;
  let isOver = false;

  async function ask() {
    const sentAt = Date.now();
    const response = await fetch(url, { cache: 'no-store' });
    // 403: a signed stream, and no token, or one that has expired.
    if (response.status === 404 || response.status === 403) return onMissing();
    // Any other answer, or none: the server is away for a moment, and playback goes on.
    if (!response.ok) return;
    const stream = await response.json();
    clock.note({ sentAt, receivedAt: Date.now(), serverTime: stream.time });
    isOver = stream.state === 'STOPPED';
    onState(stream);
  }

  async function round() {
    try {
      await ask();
    } catch (error) {
      // A network that is away is no fault of the page.
      if (!(error instanceof TypeError)) throw error;
    } finally {
      setTimeout(round, isOver || document.hidden ? SLOW_POLL_MS : POLL_MS);
    }
  }
  void round();
}
