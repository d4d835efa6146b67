import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { CLOCK_BITS, clockPicture } from './clockPicture.ts';

const script = readFileSync(new URL('./latencyProbe.page.js', import.meta.url), 'utf8');
const call = `(${script.replace(/^\/\/.*\n/, '').replace(/;\s*$/, '')})(${JSON.stringify({ ...clockPicture, bits: CLOCK_BITS })})`;

export interface LatencySamples {
  /** From the making of a picture to its showing (ms), of one picture in 200 ms. */
  ms: number[];
  /** Times that the picture stood still for 300 ms or more, and the longest time between two pictures (ms). */
  stalls: number;
  longest: number;
  /** The player's own figure (s), and the rate that it plays at. */
  latency: number;
  rate: number;
}

/** Reads the clock source's pictures off the watch page's video: glass to glass, by one clock. */
export const latencyProbe = {
  /** Begins anew. */
  begin: (page: Page): Promise<void> => page.evaluate(call),

  look: (page: Page): Promise<LatencySamples> =>
    page.evaluate<LatencySamples>(`({
      ms: probe.ms, stalls: probe.stalls, longest: Math.max(probe.longest, performance.now() - probe.shownAt),
      latency: livetran.latency, rate: document.getElementById('video').playbackRate
    })`),
};
