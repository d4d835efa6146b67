import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../../api/testing/testApi.ts';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { waitFor } from './harness/waitFor.ts';

const flags = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking';
const quiet = '--disable-component-update --disable-sync';

let server: TestRedis;
let redis: Redis;
let api: TestApi;
let keyDir: string;
let browser: Browser;
let page: Page;
/** What the page's console calls errors, and what its policy refused. */
let complaints: string[];
let encoder: ChildProcess | undefined;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  keyDir = await mkdtemp(join(tmpdir(), 'livetran-pages-'));
  const tls = { TLS: 'on', TLS_CERT_FILE: join(keyDir, 'cert.pem'), TLS_KEY_FILE: join(keyDir, 'key.pem') };
  api = await startTestApi(server.url, {
    ...tls,
    ADMIN_PASSWORD: 'password',
    EMBED_ORIGINS: 'http://site.localhost:*',
  });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: `${flags} ${quiet}`.split(' ') });
});
afterAll(async () => {
  await browser.close();
  await api.stop();
  redis.disconnect();
  await server.stop();
  await rm(keyDir, { recursive: true });
});
beforeEach(async () => {
  await redis.flushall();
  page = await openPage();
});
afterEach(async () => {
  await page.context().close();
  encoder?.kill('SIGKILL');
  encoder = undefined;
});

async function openPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  const opened = await context.newPage();
  complaints = [];
  opened.on('console', message => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  opened.on('pageerror', error => complaints.push(String(error)));
  return opened;
}

const phase = () => page.locator('#watch').getAttribute('data-phase');
const read = <Value>(expression: string): Promise<Value> => page.evaluate<Value>(`window.livetran.${expression}`);
const inPhase = (wanted: string) => expect.poll(phase, { timeout: 30_000 }).toBe(wanted);

/** Writes a poster and a live playlist of 1 s segments into the API's folder, as a worker's store would. */
async function publish(id: string): Promise<void> {
  const dir = join(api.dir, id);
  await mkdir(dir, { recursive: true });
  const poster = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360', '-frames:v', '1', join(dir, 'poster.jpg')];
  await execa('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...poster]);
  const input = '-re -f lavfi -i testsrc2=size=640x360:rate=25 -re -f lavfi -i sine=frequency=440:sample_rate=48000';
  const encode = '-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 25 -c:a aac -b:a 64k';
  const hls = '-f hls -hls_time 1 -hls_list_size 6 -hls_flags temp_file+append_list+program_date_time';
  const output = ['-hls_segment_filename', join(dir, `${id}_%03d.ts`), join(dir, `${id}.m3u8`)];
  const options = `-hide_banner -loglevel error -nostdin ${input} ${encode} ${hls}`.split(' ');
  encoder = spawn('ffmpeg', [...options, ...output], { stdio: 'ignore' });
  await waitFor('a playlist', async () => {
    await access(join(dir, `${id}.m3u8`));
    return true;
  });
}

async function goLive(id: string): Promise<void> {
  await publish(id);
  const streamLink = `https://localhost:0/video/${id}/${id}.m3u8`;
  await redis.hset(keys.stream(id), { state: 'STREAMING', streamLink, owner: 'w' });
}

async function plays(seconds: number): Promise<void> {
  await inPhase('playing');
  const from = await read<number>('currentTime');
  await expect.poll(() => read<number>('currentTime'), { timeout: 30_000 }).toBeGreaterThan(from + seconds);
}

const start = (id: string) => redis.hset(keys.stream(id), record(id));
const record = (streamId: string) => ({
  ...{ streamId, run: '1', state: 'INITIALISED', reason: 'created', abr: '0', webhookUrls: '[]' },
  ...{ createdAt: 1, updatedAt: 1, title: streamId === 'show' ? 'A show' : '' },
});

describe('the watch page', () => {
  test('waits for the picture, then plays it, muted, with sound one click away', async () => {
    await start('show');
    await page.goto(`${api.url}/watch/show`);
    await inPhase('waiting');
    expect(await page.title()).toBe('A show · Livetran');
    await goLive('show');
    await plays(3);
    expect(await read('size')).toEqual({ width: 640, height: 360 });
    expect(await read('fatalErrors')).toBe(0);
    expect(await page.getByRole('heading').textContent()).toBe('A show');
    expect(await page.locator('#badge').textContent()).toMatch(/^Live · \d+(\.\d)? s$/);
    await page.getByRole('button', { name: 'Unmute' }).click();
    expect(await page.evaluate("document.getElementById('video').muted")).toBe(false);
    await expect.poll(() => page.locator('#unmute').isHidden()).toBe(true);
    expect(complaints).toEqual([]);
  });

  test('comes back by itself after the playlist was away', async () => {
    await start('show');
    await goLive('show');
    await page.goto(`${api.url}/watch/show`);
    await plays(1);
    await rename(join(api.dir, 'show'), join(api.dir, 'hidden'));
    await expect.poll(() => read<number>('fatalErrors'), { timeout: 60_000 }).toBeGreaterThan(0);
    await inPhase('reconnecting');
    await rename(join(api.dir, 'hidden'), join(api.dir, 'show'));
    await plays(2);
    expect(await read('reconnects')).toBeGreaterThan(0);
  });

  test('shows the end, and plays the next run without a reload', async () => {
    await start('show');
    await goLive('show');
    await page.goto(`${api.url}/watch/show`);
    await plays(1);
    encoder?.kill('SIGINT');
    const recordingLink = 'https://localhost:0/video/show/show.m3u8';
    await redis.hset(keys.stream('show'), { state: 'STOPPED', recordingLink });
    await inPhase('ended');
    await page.getByRole('button', { name: 'Watch the recording' }).click();
    await plays(1);
    expect(await page.locator('#badge').textContent()).toBe('Recording');
    expect(await page.locator('#position').textContent()).toMatch(/^0:0\d \/ 0:\d\d$/);
    await page.goto(`${api.url}/watch/show`);
    await inPhase('ended');
    await redis.del(keys.stream('show'));
    await start('show');
    await inPhase('waiting');
    await goLive('show');
    await plays(2);
  });

  test('holds the last picture while the encoder is away, also for a viewer who comes then, and goes on with it', async () => {
    await start('show');
    await goLive('show');
    await page.goto(`${api.url}/watch/show`);
    await plays(1);
    encoder?.kill('SIGKILL');
    await redis.hset(keys.stream('show'), 'state', 'READY');
    await inPhase('away');
    expect(await page.getByRole('status').textContent()).toBe('Be back soon');
    const late = await page.context().newPage();
    await late.goto(`${api.url}/watch/show`);
    const lateSees = () =>
      late.evaluate<unknown>('[livetran.phase, document.getElementById("video").readyState > 1, livetran.fatalErrors]');
    await expect.poll(lateSees).toEqual(['away', true, 0]);
    const stood = await read<number>('currentTime');
    await publish('show');
    await redis.hset(keys.stream('show'), 'state', 'STREAMING');
    await plays(1);
    await expect.poll(lateSees, { timeout: 30_000 }).toEqual(['playing', true, 0]);
    expect(await read<number>('currentTime')).toBeGreaterThan(stood);
    expect(await read('reconnects')).toBe(0);
  });

  test("plays by the browser's own HLS where hls.js cannot", async () => {
    await page.addInitScript('Object.defineProperty(window, "Hls", { value: undefined })');
    await start('show');
    await goLive('show');
    await page.goto(`${api.url}/watch/show`);
    await plays(2);
    expect(await page.evaluate('document.getElementById("video").src')).toMatch(/\.m3u8$/);
    await page.locator('#stage').hover();
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => page.locator('#badge').textContent()).toMatch(/^Paused|behind$/);
    await page.keyboard.press('k');
    await plays(1);
    expect(complaints).toEqual([]);
  });

  test('says that there is no such stream', async () => {
    const answer = await page.goto(`${api.url}/watch/nobody`);
    expect(answer?.status()).toBe(404);
    expect(await page.getByRole('heading').textContent()).toBe('There is no such stream');
    expect((await page.goto(`${api.url}/watch/a%2F..%2Fb`))?.status()).toBe(404);
  });

  test.each([
    ['phone', { width: 390, height: 844 }],
    ['desktop', { width: 1_280, height: 800 }],
    ['phone on its side', { width: 844, height: 390 }],
  ])('fits a %s', async (_name, viewport) => {
    await page.context().close();
    page = await openPage({ viewport });
    const longest = 'a-name-as-long-as-they-may-be-'.repeat(3).slice(0, 64);
    await start(longest);
    await page.goto(`${api.url}/watch/${longest}`);
    await inPhase('waiting');
    const { width } = viewport;
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
    for (const id of ['video', 'title', 'badge']) {
      const box = await page.locator(`#${id}`).boundingBox();
      expect(box?.x).toBeGreaterThanOrEqual(0);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
    }
    const stage = await page.locator('.stage').boundingBox();
    expect((stage?.width ?? 0) / (stage?.height ?? 1)).toBeCloseTo(16 / 9, 1);
  });
});

/** Another site with a page that has the player in a frame. */
async function startSite(frame: string): Promise<{ url: string; stop(): Promise<void> }> {
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end(`<iframe src="${frame}" allow="autoplay"></iframe>`);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  const { port } = site.address() as AddressInfo;
  const stop = () => new Promise<void>(resolve => void site.close(() => resolve()));
  return { url: `http://site.localhost:${port}`, stop };
}

describe('the embedded player', () => {
  test('plays in a frame of a site that is allowed, and starts only when it is asked to', async () => {
    await start('show');
    await goLive('show');
    const site = await startSite(`${api.url}/embed/show?autoplay=0`);
    try {
      await page.goto(site.url);
      const frame = page.frameLocator('iframe');
      await frame.getByRole('button', { name: 'Play', exact: true }).click();
      const seconds = () => frame.locator('#watch').getAttribute('data-current-time');
      await expect.poll(async () => Number(await seconds()), { timeout: 30_000 }).toBeGreaterThan(1);
      expect(complaints).toEqual([]);
      await page.goto(site.url.replace('site.', 'other.'));
      await expect.poll(() => complaints.join()).toContain('frame-ancestors');
    } finally {
      await site.stop();
    }
  });
});

describe('bull-board', () => {
  test('works under our content security policy', async () => {
    await redis.hset('bull:uploads-node-1:meta', 'version', 'bullmq');
    await page.goto(`${api.url}/admin/queues`);
    await page.getByLabel('User').fill('admin');
    await page.getByLabel('Password').fill('password');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL('**/admin/queues');
    for (const name of ['streams', 'webhooks']) await page.getByRole('link', { name }).first().waitFor();
    // Its web fonts come from another host and stay out; all else must be let in.
    expect(complaints.filter(text => !/fonts\.googleapis\.com/.test(text))).toEqual([]);
  });
});
