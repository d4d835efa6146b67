import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';

const hlsJs = fileURLToPath(new URL('../../node_modules/hls.js/dist/hls.min.js', import.meta.url));

/**
 * A page with hls.js and nothing else: `hls.js` with its defaults, `hls.js-catch-up` with a rate that leads to the playlist's own
 * distance from live. latencyProbe reads it as it reads the watch page; `livetran.errors` counts hls.js's errors.
 * @param options.switchSeconds another level after each; 0: hls.js chooses
 * @param options.origin of a page that has no script; the playlist allows every origin
 */
export async function plainPlayer(
  browser: Browser,
  options: { origin: string; playlist: string; catchesUp: boolean; switchSeconds: number },
): Promise<Page> {
  const page = await browser.newPage({ bypassCSP: true });
  await page.goto(options.origin);
  await page.evaluate(`document.body.innerHTML = '<video id="video" muted autoplay playsinline></video>'`);
  await page.addScriptTag({ path: hlsJs });
  await page.evaluate(`(${begin})(${JSON.stringify(options)})`);
  return page;
}

/** Runs in the page. */
const begin = `({ playlist, catchesUp, switchSeconds }) => {
  const video = document.getElementById('video');
  const hls = new Hls({ lowLatencyMode: true });
  window.livetran = { fatalErrors: 0, errors: {}, get latency() { return hls.latency; } };
  hls.on(Hls.Events.ERROR, (_event, { fatal, details }) => {
    livetran.errors[details] = (livetran.errors[details] ?? 0) + 1;
    if (!fatal) return;
    livetran.fatalErrors += 1;
    setTimeout(() => { hls.loadSource(playlist); video.play(); }, 500);
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
  hls.loadSource(playlist);
  hls.attachMedia(video);
  const rateOf = late => (late > 0.5 ? 1.1 : late > 0.15 ? 1.05 : late > 0.05 ? 1.02 : late < -0.1 ? 0.97 : 1);
  const nextLevel = () => { hls.nextLevel = (hls.currentLevel + 1) % hls.levels.length; };
  if (switchSeconds > 0) setInterval(nextLevel, switchSeconds * 1000);
  if (catchesUp) setInterval(() => {
    const { targetLatency } = hls;
    if (targetLatency !== null && !video.paused) video.playbackRate = rateOf(hls.latency - targetLatency);
  }, 200);
}`;
