import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

let server: TestRedis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  api = await startTestApi(server.url);
  await mkdir(join(api.dir, 'show', 'sub.ts'), { recursive: true });
  await writeFile(join(api.dir, 'show', 'show.m3u8'), '#EXTM3U\n');
  await writeFile(join(api.dir, 'show', 'show_000.ts'), 'x'.repeat(1_000));
  await writeFile(join(api.dir, 'show', 'poster.jpg'), 'picture');
  for (const hidden of ['.show.m3u8', '.tmp-1.ts', 'note.txt', 'page.html', 'fence.json', 'show.m3u8.tmp']) {
    await writeFile(join(api.dir, 'show', hidden), 'secret');
  }
  await writeFile(join(api.dir, 'top.ts'), 'secret');
  await symlink('/etc', join(api.dir, 'link'));
  await symlink('/etc/passwd', join(api.dir, 'show', 'passwd.ts'));
  await symlink(join(api.dir, 'show', 'show_000.ts'), join(api.dir, 'show', 'alias.ts'));
  await symlink(join(api.dir, 'show'), join(api.dir, 'other'));
});
afterAll(async () => {
  await api.stop();
  await server.stop();
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${api.url}/video${path}`, { headers });

/** The path exactly as given: fetch() resolves `..` before it sends. */
function rawGet(path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: new URL(api.url).port, path }, response => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('/video', () => {
  test.each([
    ['/show/show.m3u8', 'application/vnd.apple.mpegurl', 'no-cache'],
    ['/show/poster.jpg', 'image/jpeg', 'public, max-age=10'],
    ['/show/show_000.ts', 'video/mp2t', 'public, max-age=31536000, immutable'],
  ])('%s has the right type, may be kept as long as is right, and played anywhere', async (path, type, cache) => {
    const { status, headers } = await get(path, { origin: 'https://player.example' });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('cache-control')).toBe(cache);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  });

  test('serves ranges', async () => {
    const part = await get('/show/show_000.ts', { range: 'bytes=10-19' });
    expect([part.status, part.headers.get('content-range'), (await part.text()).length]).toEqual([
      206,
      'bytes 10-19/1000',
      10,
    ]);
    expect((await get('/show/show_000.ts', { range: 'bytes=2000-' })).status).toBe(416);
  });

  test('answers a preflight', async () => {
    const headers = {
      origin: 'https://a',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'range',
    };
    const answer = await fetch(`${api.url}/video/show/show.m3u8`, { method: 'OPTIONS', headers });
    expect([answer.status, answer.headers.get('access-control-allow-headers')]).toEqual([204, 'range']);
  });

  test('a file that is not there yet is never cached as such', async () => {
    const answer = await get('/show/show_001.ts');
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([404, 'no-store']);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toMatchObject({ code: 'not_found', status: 404 });
  });

  test.each([
    '/',
    '/show',
    '/show/',
    '/show/sub.ts',
    '/top.ts',
    '/show/.show.m3u8',
    '/show/.tmp-1.ts',
    '/show/note.txt',
    '/show/page.html',
    '/show/fence.json',
    '/show/show.m3u8.tmp',
    '/show/show%2em3u8',
    '/../show/show.m3u8',
    '/show/../../../etc/passwd',
    '/show/../top.ts',
    '/show/%2e%2e/top.ts',
    '/show/..%2ftop.ts',
    '/show/..%5ctop.ts',
    '/show/%00.ts',
    '/show/show_000.ts%00.m3u8',
    '//etc/passwd',
    '/%2fetc%2fpasswd',
    '/link/hostname.ts',
    '/show/passwd.ts',
    '/show/alias.ts',
    '/other/show_000.ts',
    '/show//show_000.ts',
    '/show/show_000.ts/',
    '/./show/./show_000.ts',
  ])('%s is not there', async path => {
    expect(await rawGet(`/video${path}`)).toBe(404);
  });

  test('the folder itself may be a symbolic link', async () => {
    const link = join(api.dir, 'output-link');
    await symlink(api.dir, link);
    const other = await startTestApi(server.url, { OUTPUT_DIR: link });
    try {
      expect((await fetch(`${other.url}/video/show/show_000.ts`)).status).toBe(200);
      expect((await fetch(`${other.url}/video/show/passwd.ts`)).status).toBe(404);
    } finally {
      await other.stop();
    }
  });

  test('does not exist when the store is a bucket', async () => {
    const r2 = { R2_ACCOUNT_ID: 'a', R2_ACCESS_KEY: 'b', R2_SECRET_KEY: 'c', BUCKET_NAME: 'd' };
    const other = await startTestApi(server.url, { ...r2, CLOUDFLARE_PUBLIC_URL: 'https://cdn.example/x' });
    try {
      const answer = await fetch(`${other.url}/video/show/show.m3u8`);
      expect(answer.status).toBe(404);
      expect(answer.headers.get('content-security-policy')).toContain("media-src 'self' blob: https://cdn.example;");
    } finally {
      await other.stop();
    }
  });
});
