import { Redis } from 'ioredis';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { hashPassword } from '../../common/passwordHash.ts';
import { barriers } from '../room/barriers.ts';
import { startBrowser } from './harness/browser.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';

const WAIT = 30_000;

let cluster: Cluster;
let browser: Browser;
let page: Page;
/** What the console calls errors, and what the content security policy refused. */
let complaints: string[];

beforeAll(async () => {
  const viewer = `anna:viewer:${await hashPassword('anna reads')}`;
  const people = { ADMIN_PASSWORD: 'pass:word', ADMIN_USERS: viewer };
  // The page plays from the API's own address, as with npm start.
  cluster = await startCluster({ storage: 'file', env: { ...people, HLS_SEGMENT_SECONDS: '2', EMBED_ORIGINS: '*' } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser?.close();
  await cluster?.stop();
});
beforeEach(async () => {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(WAIT);
  complaints = [];
  page.on(
    'console',
    message => message.type() === 'error' && complaints.push(`${message.text()} ${message.location().url}`),
  );
  page.on('pageerror', error => complaints.push(String(error)));
  return () => context.close();
});

async function logIn(user: string, password: string): Promise<void> {
  await page.goto(`${cluster.apiUrl}/admin`);
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Nothing is cut off at the side. */
const overflow = (): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

async function looksRight(): Promise<void> {
  for (const width of [390, 1_360]) {
    await page.setViewportSize({ width, height: 844 });
    await expect.poll(overflow, { timeout: WAIT }).toBe(0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await barriers(page)).toEqual([]);
    }
  }
}

test('an operator starts a stream, sees it live, stops it, and finds its recording', async () => {
  await logIn('admin', 'pass:word');
  await page.getByText('No stream is live').waitFor();
  await page.getByRole('button', { name: 'Start a stream' }).click();
  await page.getByLabel('Id').fill('show');
  await page.getByLabel('Record').check();
  await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
  await page.waitForURL('**/admin/streams/show');
  await page.getByText('Waiting for the encoder').first().waitFor();
  const srtUrl = (await page.locator('.copy code').first().textContent()) ?? '';
  expect(srtUrl).toMatch(/^srt:\/\/127\.0\.0\.1:\d+\?streamid=/);

  const encoder = startEncoder({ srtUrl });
  await page.locator('.badge[data-state="STREAMING"]').waitFor();
  const picture =
    '(({ currentTime, videoWidth }) => currentTime > 1 && videoWidth > 0)(document.querySelector("video"))';
  await expect.poll(() => page.evaluate(picture), { timeout: WAIT }).toBe(true);
  await page.locator('.timeline').getByText('playable').waitFor();
  await expect
    .poll(() => page.locator('.figure', { hasText: 'Bit rate' }).textContent(), { timeout: WAIT })
    .toMatch(/kbit\/s/);
  await page.locator('.badge[data-health="good"]').waitFor();
  await page.locator('.log').getByText('listener open').waitFor();
  await page.locator('.copy', { hasText: 'HTML' }).getByText(`<iframe src="${cluster.apiUrl}/embed/show"`).waitFor();
  const chart = () => page.evaluate<string>('document.querySelector(".chart canvas").toDataURL()');
  const drawn = await chart();
  await expect.poll(chart, { timeout: WAIT }).not.toBe(drawn);
  await looksRight();

  await page.getByRole('link', { name: '← All streams' }).click();
  await page.locator('.stream', { hasText: 'show' }).locator('polyline').waitFor();
  await looksRight();
  await page.getByRole('link', { name: 'Workers' }).click();
  await page.getByText('Takes streams').waitFor();
  await page.getByRole('button', { name: 'Drain', exact: true }).click();
  await page.getByRole('button', { name: 'Drain it', exact: true }).click();
  await page.getByText('1 stream stays: no other worker has room').waitFor();
  await looksRight();
  await page.getByRole('button', { name: 'Take streams again' }).click();
  await page.locator('.worker .badge', { hasText: 'Takes streams' }).waitFor();

  await page.goto(`${cluster.apiUrl}/admin/streams/show`);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Stop the stream' }).click();
  await page.locator('.badge[data-state="STOPPED"]').waitFor();
  encoder.kill('SIGKILL');
  const recording = page.getByRole('link', { name: 'Recording' });
  await recording.waitFor();
  await page.getByRole('link', { name: 'Ended' }).click();
  await page.getByLabel('Search').fill('sho');
  const link = await recording.getAttribute('href');
  expect((await fetch(String(link))).status).toBe(200);
  await page.getByRole('link', { name: 'show' }).click();
  await page.getByRole('button', { name: 'Start again' }).click();
  expect(await page.getByLabel('Id').inputValue()).toBe('show');
  await page.getByRole('button', { name: 'Cancel' }).click();
  expect(complaints).toEqual([]);
}, 120_000);

test('a wrong password is refused in words, and a session that has ended leads back to the same page', async () => {
  await logIn('admin', 'guess');
  await page.getByText('User or password is wrong.').waitFor();
  expect(await barriers(page)).toEqual([]);
  await page.getByLabel('Password').fill('pass:word');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('link', { name: 'Workers' }).click();
  await page.getByRole('heading', { name: 'Workers' }).waitFor();
  const redis = new Redis(cluster.redis.url);
  await redis.del(...(await redis.keys('livetran:admin-session:*')));
  redis.disconnect();
  await page.waitForURL('**/admin/login?next=%2Fadmin%2Fworkers');
});

test('a viewer sees the streams and has no button that changes them', async () => {
  await logIn('anna', 'anna reads');
  await page.getByRole('heading', { name: 'Live streams' }).waitFor();
  await page.getByText('anna (viewer)').waitFor();
  expect(await page.getByRole('button').allTextContents()).toEqual(['Log out']);
  const status = await page.evaluate<number>('fetch("/v1/streams", { method: "POST" }).then(({ status }) => status)');
  expect(status).toBe(403);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL('**/admin/login');
});
