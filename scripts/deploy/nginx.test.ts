import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PlaybackTokens } from '../../api/auth/playbackTokens.ts';
import { startLiveStream } from '../../api/live/testing/liveStreams.ts';
import { StandInOrigin } from '../../api/live/testing/standInOrigin.ts';
import { secret, startTestApi, type TestApi } from '../../api/testing/testApi.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { freePort } from '../lib/freePort.ts';
import { waitUntil } from '../lib/waitUntil.ts';

// A real nginx with deploy/nginx/livetran.conf, in front of a real API.

const conf = new URL('../../deploy/nginx/livetran.conf', import.meta.url);
const tokens = new PlaybackTokens({ HMAC_SECRET: secret });
const PLAYLIST = `#EXTM3U\n${'#EXT-X-PART:DURATION=0.33333,URI="a_p1.ts"\n'.repeat(40)}`;

let server: TestRedis;
let redis: Redis;
let api: TestApi;
let origin: StandInOrigin;
let dir: string;
let nginx: ChildProcess;
let base: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-nginx-'));
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url);
  origin = await StandInOrigin.start();
  const port = await freePort('127.0.0.1');
  base = `http://127.0.0.1:${port}`;
  nginx = spawn(await nginxProgram(), ['-e', 'stderr', '-c', await configure(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const isUp = () =>
    fetch(`${base}/healthz`)
      .then(({ ok }) => ok)
      .catch(() => false);
  await waitUntil('nginx', isUp, { timeoutMs: 20_000, everyMs: 50 });
});
beforeEach(() => redis.flushall());
afterAll(async () => {
  const ended = once(nginx, 'exit');
  nginx.kill('SIGTERM');
  await ended;
  await origin.die();
  await api.stop();
  redis.disconnect();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Debian has it where users' PATH does not lead. */
async function nginxProgram(): Promise<string> {
  for (const place of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const program = join(place, 'nginx');
    if (
      await access(program).then(
        () => true,
        () => false,
      )
    )
      return program;
  }
  throw new Error('nginx is not installed; ./scripts/test installs it');
}

/** The file as it is, but for what its head says is to be set: port, certificate, the API's address; and folders of this test. */
async function configure(port: number): Promise<string> {
  const text = (await readFile(conf, 'utf8'))
    .replace('listen 443 ssl http2;', `listen 127.0.0.1:${port};`)
    .replace(/^ *ssl_certificate.*\n/gm, '')
    .replace('127.0.0.1:8080', new URL(api.url).host)
    .replaceAll('/var/cache/nginx', dir);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `${name}_temp_path ${dir}/${name};`,
  );
  const head = `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;\nworker_processes 1;\npid ${dir}/pid;\nevents {}\n`;
  const file = join(dir, 'nginx.conf');
  await writeFile(file, `${head}http {\naccess_log off;\n${temporary.join('\n')}\n${text}\n}\n`);
  return file;
}

let count = 0;
async function live(options: Parameters<typeof startLiveStream>[3] = {}): Promise<string> {
  count += 1;
  const id = `show-${count}`;
  await startLiveStream(redis, id, origin.url, options);
  return id;
}

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${base}/live/${path}`, { headers, redirect: 'manual' });

test('a thousand tokens, one cached object', async () => {
  const id = await live({ playback: 'signed' });
  origin.has(`/${id}/${id}_p1.ts`, { body: Buffer.from('0123456789'), cache: 'max-age=12' });
  const caches = new Map<string | null, number>();
  for (let viewer = 0; viewer < 1_000; viewer += 1) {
    const { token } = tokens.create(id, 60 + viewer);
    const answer = await get(`${token}/${id}/${id}_p1.ts`);
    expect([answer.status, await answer.text()]).toEqual([200, '0123456789']);
    const cache = answer.headers.get('x-cache');
    caches.set(cache, (caches.get(cache) ?? 0) + 1);
  }
  expect(Object.fromEntries(caches)).toEqual({ MISS: 1, HIT: 999 });
  expect(origin.asked.filter(path => path.includes(id))).toHaveLength(1);
}, 60_000);

test('what is cached goes to viewers with a good token alone', async () => {
  const id = await live({ playback: 'signed' });
  origin.has(`/${id}/${id}_p1.ts`, { body: Buffer.from('0123456789'), cache: 'max-age=12' });
  expect((await get(`${tokens.create(id, 60).token}/${id}/${id}_p1.ts`)).status).toBe(200);
  const wrong = [tokens.create(id, 0).token, tokens.create('other', 60).token, 'a.b.c'].map(token => `${token}/${id}`);
  for (const place of [...wrong, id]) expect((await get(`${place}/${id}_p1.ts`)).status, place).toBe(403);
  const { token } = tokens.create(id, 1);
  const status = async () => (await get(`${token}/${id}/${id}_p1.ts`)).status;
  await expect.poll(status).toBe(403);
});

test('each directive is an object of its own, other parameters are none', async () => {
  const id = await live();
  const queries = [
    '?_HLS_msn=7&_HLS_part=0',
    '?_HLS_msn=7&_HLS_part=1',
    '?_HLS_msn=8&_HLS_part=0',
    '?_HLS_msn=8&_HLS_part=0&_HLS_skip=YES',
  ];
  for (const query of queries)
    origin.has(`/${id}/${id}.m3u8${query}`, { body: `#EXTM3U ${query}`, cache: 'max-age=12' });
  for (const more of ['', '&viewer=1', '&viewer=2']) {
    for (const query of queries) {
      const answer = await get(`${id}/${id}.m3u8${query}${more}`);
      expect([await answer.text(), answer.headers.get('x-cache')]).toEqual([
        `#EXTM3U ${query}`,
        more === '' ? 'MISS' : 'HIT',
      ]);
    }
  }
});

test('viewers that wait get their playlist when it is there, packed or not', async () => {
  const id = await live();
  const query = '?_HLS_msn=7&_HLS_part=2';
  const viewers = Array.from({ length: 50 }, (_, i) =>
    get(`${id}/${id}.m3u8${query}`, { 'accept-encoding': i % 2 === 0 ? 'gzip' : 'identity' }),
  );
  await expect.poll(() => origin.held).toEqual([`/${id}/${id}.m3u8${query}`]);
  origin.has(`/${id}/${id}.m3u8${query}`, { body: PLAYLIST, cache: 'max-age=12' });
  for (const [i, answer] of (await Promise.all(viewers)).entries()) {
    expect([answer.status, await answer.text()]).toEqual([200, PLAYLIST]);
    expect(answer.headers.get('content-encoding')).toBe(i % 2 === 0 ? 'gzip' : null);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  }
});

test('redirects and refusals are not kept; the control room and the metrics are not there', async () => {
  const id = await live({ latency: 'standard' });
  for (let i = 0; i < 2; i += 1) {
    const answer = await get(`${id}/${id}_000.ts`);
    expect([answer.status, answer.headers.get('location'), answer.headers.get('x-cache')]).toEqual([
      302,
      `/video/${id}/${id}_000.ts`,
      'MISS',
    ]);
  }
  expect((await get('none/none.m3u8')).status).toBe(404);
  for (const path of ['/admin', '/admin/queues', '/metrics']) expect((await fetch(`${base}${path}`)).status).toBe(404);
});
