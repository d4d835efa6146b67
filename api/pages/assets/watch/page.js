const texts = {
  loading: ['Loading…', ''],
  waiting: ['The stream has not started yet', 'This page starts playing by itself as soon as there is a picture.'],
  joining: ['Almost there…', 'The first pictures are on their way.'],
  blocked: ['Ready to play', ''],
  reconnecting: ['One moment…', 'The picture was interrupted; it comes back by itself.'],
  away: ['Be back soon', 'The stream is interrupted. It goes on by itself as soon as its encoder is back.'],
  ended: ['This stream has ended', 'Thank you for watching.'],
  missing: ['This stream is gone', 'The link may be old. Ask the person who sent it to you for a new one.'],
};

const byId = id => document.getElementById(id);

/** Puts what is known into the page; touches only what has changed, since a screen reader reads changes out. */
export const page = {
  /** @param {{phase: string, hasRecording: boolean, isMuted: boolean}} facts */
  drawPhase({ phase, hasRecording, isMuted }) {
    byId('unmute').hidden = phase !== 'playing' || !isMuted;
    byId('recording').hidden = phase !== 'ended' || !hasRecording;
    byId('play').hidden = phase !== 'blocked';
    const root = byId('watch');
    if (root.dataset.phase === phase) return;
    root.dataset.phase = phase;
    const [message = '', detail = ''] = texts[phase] ?? [];
    byId('message').textContent = message;
    byId('detail').textContent = detail;
  },

  /** @param {{text: string, tone: string}} badge @param {boolean} canGoLive */
  drawBadge({ text, tone }, canGoLive) {
    const badge = byId('badge');
    if (badge.textContent !== text) badge.textContent = text;
    badge.dataset.tone = tone;
    byId('golive').hidden = !canGoLive;
  },

  /** @param {string} name */
  drawTitle(name) {
    const title = byId('title');
    if (title && title.textContent !== name) title.textContent = name;
    document.title = `${name} · Livetran`;
  },
};
