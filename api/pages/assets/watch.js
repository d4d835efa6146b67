import { Player } from './player.js';

const POLL_MS = 2_000;
const id = decodeURIComponent(location.pathname.split('/')[2] ?? '');

const byId = name => document.getElementById(name);
const root = byId('watch');
const video = byId('video');
const playButton = byId('play');
const unmuteButton = byId('unmute');
const goLiveButton = byId('golive');

const badges = { INITIALISED: 'Starting', READY: 'Waiting', STREAMING: 'Live', STOPPED: 'Ended' };
const texts = {
  loading: ['Loading…', ''],
  waiting: ['The stream has not started yet', 'This page starts playing by itself as soon as there is a picture.'],
  joining: ['Almost there…', 'The first pictures are on their way.'],
  blocked: ['Ready to play', 'Your browser wants you to start the video.'],
  reconnecting: ['One moment…', 'The picture was interrupted; it comes back by itself.'],
  away: ['The stream is interrupted', 'It goes on by itself as soon as its encoder is back.'],
  ended: ['This stream has ended', 'Thank you for watching.'],
  missing: ['This stream is gone', 'The link may be old. Ask the person who sent it to you for a new one.'],
};

let phase = 'loading';
let stream = { state: '', playlistUrl: null, localPath: null, poster: null };
/** The playlist that the player has; undefined while it has none. */
let loaded;

/** A hiccup shorter than this is not worth a sign over the picture. */
const STALL_MS = 1_000;
let stallTimer;

const player = new Player(video, { playing: () => show('playing'), stall: onStall, blocked: () => show('blocked') });

function show(next) {
  // The browser's controls have a sign of their own for a picture that is awaited.
  video.controls = next === 'playing';
  unmuteButton.hidden = next !== 'playing' || !video.muted;
  if (next === phase) return;
  phase = next;
  root.dataset.phase = next;
  const [message = '', detail = ''] = texts[next] ?? [];
  byId('message').textContent = message;
  byId('detail').textContent = detail;
  playButton.hidden = next !== 'blocked';
}

function onStall() {
  clearTimeout(stallTimer);
  stallTimer = setTimeout(() => {
    const stalled = video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && !video.ended;
    if (phase === 'playing' && stalled) show(stream.state === 'READY' ? 'away' : 'reconnecting');
  }, STALL_MS);
}

function onEnd() {
  if (stream.state === 'STOPPED') show('ended');
}

/** Follows the stream's state: loads the playlist when there is one, and again when a new run has begun. */
function follow() {
  const { state, playlistUrl, localPath } = stream;
  if (loaded !== undefined && playlistUrl === null) {
    loaded = undefined;
    player.unload();
    // The last run's picture must not stand for the next one.
    video.removeAttribute('poster');
  }
  if (state === 'STOPPED') {
    // What has been fetched plays to its end; viewers who come later find only the sign.
    if (loaded === undefined || video.ended || phase === 'reconnecting' || phase === 'away') show('ended');
    return;
  }
  if (playlistUrl === null) return show(state === 'STREAMING' ? 'joining' : 'waiting');
  const url = new URL(localPath ?? playlistUrl, location.href).href;
  if (url === loaded && phase !== 'ended') return;
  loaded = url;
  // Who has waited for the first picture needs none in its place, and it may not be there yet.
  if (stream.poster && phase === 'loading') video.poster = new URL(stream.poster, url).href;
  show('joining');
  player.load(url, stream.latency);
}

/** What the viewer sees now, not what the server has: a viewer who paused is behind. */
function showBadge() {
  const behind = phase === 'playing' && player.isBehind;
  const isHeld = stream.state === 'READY' && loaded !== undefined;
  const text = behind ? `${Math.round(player.latency)} s behind` : isHeld ? 'Interrupted' : badges[stream.state];
  byId('badge').textContent = text ?? stream.state;
  byId('badge').dataset.state = behind ? 'BEHIND' : stream.state;
  goLiveButton.hidden = !behind;
}

async function ask() {
  try {
    return await fetch(`/watch/${encodeURIComponent(id)}/state`, { cache: 'no-store' });
  } catch {
    return undefined;
  }
}

async function pollForEver() {
  try {
    await poll();
  } finally {
    setTimeout(pollForEver, POLL_MS);
  }
}

async function poll() {
  const response = await ask();
  if (response?.ok) {
    stream = await response.json();
    follow();
    showBadge();
  } else if (response?.status === 404) {
    if (loaded === undefined) show('missing');
    // Any other answer, or none: the server is away for a moment, and playback goes on.
  } else if (phase === 'loading') show('waiting');
}

function start() {
  byId('title').textContent = id;
  document.title = `${id} · Livetran`;
  video.addEventListener('ended', onEnd);
  video.addEventListener('volumechange', () => {
    unmuteButton.hidden = phase !== 'playing' || !video.muted;
  });
  video.addEventListener('timeupdate', () => {
    showBadge();
    root.dataset.currentTime = video.currentTime.toFixed(3);
    root.dataset.fatalErrors = String(player.counts.fatalErrors);
    root.dataset.reconnects = String(player.counts.reconnects);
  });
  playButton.addEventListener('click', () => player.play());
  goLiveButton.addEventListener('click', () => player.goLive());
  unmuteButton.addEventListener('click', () => {
    video.muted = false;
  });
  // For tests, and for the console.
  window.livetran = {
    get phase() {
      return phase;
    },
    get state() {
      return stream.state;
    },
    get playlistUrl() {
      return loaded ?? null;
    },
    get currentTime() {
      return video.currentTime;
    },
    get latency() {
      return player.latency;
    },
    get fatalErrors() {
      return player.counts.fatalErrors;
    },
    get reconnects() {
      return player.counts.reconnects;
    },
    get lastError() {
      return player.counts.lastError;
    },
    get size() {
      return { width: video.videoWidth, height: video.videoHeight };
    },
  };
  pollForEver();
}

start();
