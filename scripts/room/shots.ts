import type { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { keys } from '../../common/redis/keys.ts';
import { waitUntil } from '../lib/waitUntil.ts';

export interface Shot {
  name: string;
  path: string;
  /** Behind the log-in. */
  isInside?: boolean;
  /** Of another program (bull-board), or an error: what its console and axe-core say is not ours to mend. */
  isForeign?: boolean;
  /** Brings the cluster into the state that is shown. The shots are taken in their order. */
  prepare?(): Promise<void>;
  /** Resolves when the page shows what is to be seen. */
  ready(page: Page): Promise<void>;
}

const ID = 'show-001';
const visible = (selector: string) => (page: Page) => page.locator(selector).first().waitFor({ timeout: 60_000 });
const inPhase = (phase: string) => visible(`#watch[data-phase="${phase}"]`);

/** Asks in the page itself, over the debugger: its policy lets no text be run. */
const holds = (page: Page, expression: string): Promise<unknown> =>
  waitUntil(expression, () => page.evaluate<boolean>(expression), { timeoutMs: 60_000 });

/** The small lines of the list have grown to some length. */
const drawn = async (page: Page): Promise<void> => {
  const points = '(document.querySelector(".stream polyline")?.getAttribute("points") ?? "").split(" ").length';
  await holds(page, `${points} > 7`);
};

/** The picture of the stream's page moves, and the log is there. */
const pictured = async (page: Page): Promise<void> => {
  await visible('.log li')(page);
  await holds(page, 'document.querySelector("video").currentTime > 1');
};

/** Every page, in each of its states. */
export function shotsOf({ redis, url }: { redis: Redis; url: string }): Shot[] {
  const link = `${url}/video/${ID}/${ID}.m3u8`;
  const set = (fields: Record<string, string>) => async () => void (await redis.hset(keys.stream(ID), fields));
  const control = async (page: Page): Promise<void> => {
    await inPhase('playing')(page);
    await page.locator('#stage').hover();
    await page.locator('#controls').waitFor();
  };
  return [
    { name: 'login', path: '/admin/login', ready: visible('#login') },
    { name: 'live', path: '/admin', isInside: true, ready: drawn },
    { name: 'stream', path: `/admin/streams/${ID}`, isInside: true, ready: pictured },
    { name: 'stream-with-problem', path: '/admin/streams/show-004', isInside: true, ready: visible('.problems') },
    { name: 'workers', path: '/admin/workers', isInside: true, ready: visible('.worker') },
    { name: 'queues', path: '/admin/queues', isInside: true, isForeign: true, ready: visible('a[href*="queue"]') },
    {
      ...{ name: 'watch-waiting', path: `/watch/${ID}`, ready: inPhase('waiting') },
      prepare: async () => {
        await redis.hdel(keys.stream(ID), 'streamLink');
        await redis.hset(keys.stream(ID), { state: 'READY' });
      },
    },
    {
      ...{ name: 'watch-playing', path: `/watch/${ID}`, ready: control },
      prepare: set({ state: 'STREAMING', streamLink: link, dvr: '1' }),
    },
    { name: 'watch-blocked', path: `/watch/${ID}?autoplay=0`, ready: inPhase('blocked') },
    { name: 'embed', path: `/embed/${ID}`, ready: control },
    { name: 'watch-away', path: `/watch/${ID}`, prepare: set({ state: 'READY' }), ready: inPhase('away') },
    {
      ...{ name: 'watch-ended', path: `/watch/${ID}`, ready: inPhase('ended') },
      prepare: set({
        state: 'STOPPED',
        reason: 'user_stop',
        recordingLink: link,
        update: 'the app stopped the stream',
      }),
    },
    { name: 'watch-missing', path: '/watch/nobody', isForeign: true, ready: visible('.code') },
    { name: 'ended', path: '/admin/ended', isInside: true, ready: visible('.stream.ended') },
    {
      name: 'stream-ended',
      path: `/admin/streams/${ID}`,
      isInside: true,
      ready: visible('.badge[data-state="STOPPED"]'),
    },
  ];
}
