import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startTestApi } from '../../api/testing/testApi.ts';
import { startRedis } from '../../common/testing/startRedis.ts';
import { startBrowser } from '../e2e/harness/browser.ts';
import { barriers } from './barriers.ts';
import { type Shot, shotsOf } from './shots.ts';
import { startMedia } from './standInMedia.ts';
import { standInStreams } from './standInStreams.ts';

const PASSWORD = 'of the screenshots';
const STREAMS = 12;
const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1_360, height: 850 } };
const QUALITY = 82;

/** Saves each page as WebP. Resolves to whether all of them are right; what is not is printed. */
export async function takeScreenshots(folder: string): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const server = await startRedis();
  const redis = new Redis(server.url);
  const api = await startTestApi(server.url, { ADMIN_PASSWORD: PASSWORD, EMBED_ORIGINS: 'https://example.com' });
  const browser = await startBrowser();
  const streams = await standInStreams(redis, {
    count: STREAMS,
    playlist: id => `https://localhost:0/video/${id}/${id}.m3u8`,
  });
  // One stream has a picture; the others would cost an encoder each.
  const media = await startMedia(api.dir, 'show-001');
  const problems: string[] = [];
  try {
    for (const shot of shotsOf({ redis, url: api.url })) {
      await shot.prepare?.();
      problems.push(...(await take(browser, shot, { url: api.url, folder })));
    }
  } finally {
    await media.stop();
    await streams.stop();
    await browser.close();
    await api.stop();
    redis.disconnect();
    await server.stop();
  }
  for (const problem of problems) console.error(problem);
  return problems.length === 0;
}

async function take(browser: Browser, shot: Shot, { url, folder }: { url: string; folder: string }): Promise<string[]> {
  const problems: string[] = [];
  for (const [size, viewport] of Object.entries(sizes)) {
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
    if (shot.isInside) await logIn(context, url);
    const page = await context.newPage();
    const name = (scheme: string): string => `${shot.name}-${size}-${scheme}`;
    const complain = (text: string): void => void problems.push(`${name('any')}: ${text}`);
    // A stand-in without media has neither poster nor playlist, and a frame without a page has no icon.
    page.on('console', message => {
      const isMissing = /\.(jpg|m3u8|ico)$/.test(message.location().url);
      if (message.type() === 'error' && !isMissing && !shot.isForeign) complain(message.text());
    });
    page.on('pageerror', error => complain(String(error)));
    await page.goto(`${url}${shot.path}`);
    await shot.ready(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await save(page, join(folder, `${name(colorScheme)}.webp`));
      for (const barrier of shot.isForeign ? [] : await barriers(page))
        problems.push(`${name(colorScheme)}: ${barrier}`);
      const overflow = await page.evaluate<number>(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      if (overflow > 0) problems.push(`${name(colorScheme)}: ${overflow} px are cut off at the side`);
    }
    await context.close();
  }
  return problems;
}

async function logIn(context: BrowserContext, url: string): Promise<void> {
  const page = await context.newPage();
  await page.goto(`${url}/admin`);
  await page.getByLabel('User').fill('admin');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(`${url}/admin`);
  await page.close();
}

/** The whole page. Playwright itself writes no WebP. */
async function save(page: Page, file: string): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  const { data } = await cdp.send('Page.captureScreenshot', {
    ...{ format: 'webp', quality: QUALITY, captureBeyondViewport: true },
  });
  await writeFile(file, Buffer.from(data, 'base64'));
  await cdp.detach();
}
