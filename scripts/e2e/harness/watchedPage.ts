import type { Page } from 'playwright-core';

export interface Watched {
  /** s of media. */
  currentTime: number;
  /** The longest time in which the picture did not move since `begin()`, s. */
  stall: number;
  fatalErrors: number;
  reconnects: number;
  phase: string;
}

/** What a viewer of the watch page sees. It looks 20 times a second, in the page itself. */
export const watchedPage = {
  /** Measures stalls from now on. */
  begin: (page: Page): Promise<void> =>
    page.evaluate(`
      clearInterval(window.watching);
      window.watched = { stall: 0, at: performance.now(), time: livetran.currentTime };
      window.watching = setInterval(() => {
        const now = performance.now();
        const { currentTime } = livetran;
        if (currentTime !== watched.time) Object.assign(watched, { at: now, time: currentTime });
        watched.stall = Math.max(watched.stall, (now - watched.at) / 1000);
      }, 50);
    `),

  look: (page: Page): Promise<Watched> =>
    page.evaluate<Watched>(`({
      currentTime: livetran.currentTime, stall: window.watched?.stall ?? 0, fatalErrors: livetran.fatalErrors,
      reconnects: livetran.reconnects, phase: livetran.phase
    })`),
};
