import { badgeOf } from './badge.js';
import { Controls } from './controls.js';
import { page } from './page.js';
import { phaseOf } from './phase.js';
import { Player } from './player.js';
import { sendReports } from './sendReports.js';
import { ServerClock } from './serverClock.js';
import { followState } from './stateFeed.js';

const byId = id => document.getElementById(id);
const id = decodeURIComponent(location.pathname.split('/')[2] ?? '');
const root = byId('watch');
const video = byId('video');
const clock = new ServerClock();
const player = new Player(video, draw);
const controls = new Controls(player, video, goLive);

/** As the server had it last; undefined: not heard yet. */
let stream;
let isMissing = false;
/** The live playlist that the player has had; undefined while it has had none. */
let loaded;
let isRecording = false;
/** `?autoplay=0`: the viewer has to start the player. */
let isAsked = new URLSearchParams(location.search).get('autoplay') === '0';
let phase = 'loading';
/** When the playlist was loaded, until the first picture. */
let loadedAt;

const isOver = () => stream?.state === 'STOPPED';
const reports = sendReports(id, { player, asked: () => (isRecording || isOver() ? undefined : stream?.beacon) });

/** Addresses of the store are absolute; those of this host go by the name that the viewer has used for it. */
const absolute = path => (path === null ? undefined : new URL(path, location.href).href);

function onState(next) {
  const wasOver = isOver();
  isMissing = false;
  stream = next;
  page.drawTitle(stream.title ?? id);
  if (!isRecording) follow(wasOver);
  draw();
}

/** Loads the playlist when there is one, and again when a new run has begun. */
function follow(wasOver) {
  const url = absolute(stream.localPath ?? stream.playlistUrl);
  if (url === undefined && loaded !== undefined) {
    loaded = undefined;
    player.unload();
    // The last run's picture must not stand for the next one.
    video.removeAttribute('poster');
  }
  if (url === undefined || isOver()) return;
  if (url === loaded && !wasOver) {
    if (stream.state === 'STREAMING') player.release();
    return;
  }
  // Who has waited for the first picture needs none in its place, and it may not be there yet.
  if (stream.poster && (phase === 'loading' || isAsked)) video.poster = new URL(stream.poster, url).href;
  if (isAsked) return;
  loaded = url;
  loadedAt = performance.now();
  const { latency, dvr, livePath } = stream;
  // Without an encoder the last picture stands, until there is a new one.
  player.load({ url, liveUrl: absolute(livePath ?? null), latency, dvr }, { isHeld: stream.state !== 'STREAMING' });
}

function draw() {
  phase = phaseOf({ isMissing, stream, player: player.state, isRecording, isAsked });
  const hasRecording = Boolean(stream?.recordingUrl);
  page.drawPhase({ phase, hasRecording, isMuted: video.muted });
  controls.draw({ phase, canRewind: isRecording || Boolean(stream?.dvr) });
  drawBadge();
  if (player.state === 'playing') noteJoin();
}

function drawBadge() {
  const { isPaused, isBehind } = player;
  const latency = clock.latencyOf(player.playingDate, Date.now()) ?? player.latency;
  const facts = { phase, state: stream?.state ?? '', isRecording, isPaused, isBehind, latency };
  page.drawBadge(badgeOf(facts), isRecording ? !isOver() : phase === 'playing' && isBehind && !isOver());
}

function noteJoin() {
  if (loadedAt === undefined) return;
  const ms = performance.now() - loadedAt;
  loadedAt = undefined;
  if (!isRecording) reports.joined(ms);
}

function onPlay() {
  if (!isAsked) return player.play();
  isAsked = false;
  if (stream) follow(false);
  draw();
}

function goLive() {
  if (!isRecording) return player.goLive();
  isRecording = false;
  loaded = undefined;
  player.unload();
  follow(false);
  draw();
}

function watchRecording() {
  isRecording = true;
  player.load({ url: absolute(stream.recordingPath ?? stream.recordingUrl), dvr: true });
  byId('stage').focus();
  draw();
}

function start() {
  page.drawTitle(id);
  video.addEventListener('volumechange', draw);
  video.addEventListener('timeupdate', () => {
    drawBadge();
    controls.draw({ phase, canRewind: isRecording || Boolean(stream?.dvr) });
    root.dataset.currentTime = video.currentTime.toFixed(3);
    root.dataset.fatalErrors = String(player.counts.fatalErrors);
    root.dataset.reconnects = String(player.counts.reconnects);
  });
  // A paused picture falls behind without an event.
  setInterval(drawBadge, 1_000);
  byId('play').addEventListener('click', onPlay);
  byId('golive').addEventListener('click', goLive);
  byId('recording').addEventListener('click', watchRecording);
  byId('unmute').addEventListener('click', () => {
    video.muted = false;
  });
  followState(id, {
    clock,
    onState,
    onMissing: () => {
      isMissing = loaded === undefined;
      draw();
    },
  });
}

// For tests, and for the console.
window.livetran = {
  get phase() {
    return phase;
  },
  get state() {
    return stream?.state ?? '';
  },
  get playlistUrl() {
    return loaded ?? null;
  },
  get currentTime() {
    return video.currentTime;
  },
  get latency() {
    return player.latency ?? 0;
  },
  get fatalErrors() {
    return player.counts.fatalErrors;
  },
  get reconnects() {
    return player.counts.reconnects;
  },
  get stalls() {
    return player.stalls.count;
  },
  get lastError() {
    return player.counts.lastError;
  },
  get size() {
    return { width: video.videoWidth, height: video.videoHeight };
  },
};

start();
