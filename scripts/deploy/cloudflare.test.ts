import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { PlaybackTokens } from '../../api/auth/playbackTokens.ts';
import { signedMark } from '../../common/stream/signedMark.ts';

// deploy/cloudflare/playback.js by its fetch handler, with tokens of the API's own signer. R2 and Cloudflare's cache are stand-ins with the
// parts of their interfaces that it uses: https://developers.cloudflare.com/r2/api/workers/workers-api-reference/.

interface Bucket {
  head(key: string): Promise<object | null>;
  get(key: string, options: { range: Headers }): Promise<object | null>;
}
interface PlaybackWorker {
  fetch(request: Request, env: object, context: { waitUntil(work: Promise<unknown>): void }): Promise<Response>;
}

const key = { id: 'new', secret: 'a secret of thirty-two characters' };
const old = { id: 'old', secret: 'another secret of many characters' };
const HMAC_SECRET = 'hmac secret of this test';
const tokens = new PlaybackTokens({ PLAYBACK_KEYS: [key, old], HMAC_SECRET });
const objects = new Map<string, { body: string; type: string; cache: string }>();
const kept = new Map<string, Response>();
let reads: string[] = [];
let worker: PlaybackWorker;

const bucket: Bucket = {
  head: async name => (objects.has(name) ? {} : null),
  get: async (name, { range }) => {
    reads.push(name);
    const object = objects.get(name);
    if (!object) return null;
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range.get('range') ?? '') ?? [];
    const [offset, end] = from === undefined ? [0, object.body.length] : [Number(from), Number(to) + 1];
    return {
      body: object.body.slice(offset, end),
      size: object.body.length,
      httpEtag: '"tag"',
      range: { offset, length: end - offset },
      writeHttpMetadata: (headers: Headers) => {
        headers.set('content-type', object.type);
        headers.set('cache-control', object.cache);
      },
    };
  },
};

beforeAll(async () => {
  vi.stubGlobal('caches', {
    default: {
      match: async ({ url }: Request) => kept.get(url)?.clone(),
      put: async ({ url }: Request, answer: Response) => void kept.set(url, answer),
    },
  });
  const script: string = new URL('../../deploy/cloudflare/playback.js', import.meta.url).href;
  worker = ((await import(script)) as { default: PlaybackWorker }).default;
});
beforeEach(() => {
  objects.clear();
  kept.clear();
  reads = [];
});
afterAll(() => vi.unstubAllGlobals());

let count = 0;
/** A stream of its own for each test: the script remembers for some seconds which are signed. */
function stream(isSigned: boolean): string {
  count += 1;
  const id = `show-${count}`;
  objects.set(`${id}/${id}.m3u8`, { body: '#EXTM3U', type: 'application/vnd.apple.mpegurl', cache: 'no-cache' });
  objects.set(`${id}/${id}_000.ts`, { body: '0123456789', type: 'video/mp2t', cache: 'public, max-age=31536000' });
  if (isSigned) objects.set(signedMark(id), { body: '', type: 'text/plain', cache: 'no-store' });
  return id;
}

async function get(path: string, init: RequestInit = {}): Promise<{ status: number; body: string; headers: Headers }> {
  const work: Promise<unknown>[] = [];
  const env = { BUCKET: bucket, PLAYBACK_KEYS: JSON.stringify([key, old]) };
  const request = new Request(`https://media.example/${path}`, init);
  const answer = await worker.fetch(request, env, { waitUntil: promise => void work.push(promise) });
  await Promise.all(work);
  return { status: answer.status, body: await answer.text(), headers: answer.headers };
}

const tokenFor = (id: string, seconds = 60) => tokens.create(id, seconds).token;

function forge(header: object, claims: object, secret: string): string {
  const text = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

describe('the Cloudflare Worker', () => {
  test('serves public streams as the bucket does', async () => {
    const id = stream(false);
    const playlist = await get(`${id}/${id}.m3u8`);
    expect([playlist.status, playlist.body, playlist.headers.get('cache-control')]).toEqual([
      200,
      '#EXTM3U',
      'no-cache',
    ]);
    expect(playlist.headers.get('access-control-allow-origin')).toBe('*');
    const part = await get(`${id}/${id}_000.ts`, { headers: { range: 'bytes=2-3' } });
    expect([part.status, part.body, part.headers.get('content-range')]).toEqual([206, '23', 'bytes 2-3/10']);
    expect((await get(`${id}/${id}_001.ts`)).status).toBe(404);
    expect((await get(`${id}/${id}.m3u8`, { method: 'POST' })).status).toBe(405);
    expect((await get(`${id}/${id}.m3u8`, { method: 'OPTIONS' })).status).toBe(204);
    expect((await get(signedMark(id))).status).toBe(404);
  });

  test('a thousand tokens share one cached object', async () => {
    const id = stream(true);
    for (let viewer = 0; viewer < 1_000; viewer += 1) {
      const { status, body } = await get(`${tokenFor(id, 60 + viewer)}/${id}/${id}_000.ts`);
      expect([status, body]).toEqual([200, '0123456789']);
    }
    expect(reads).toEqual([`${id}/${id}_000.ts`]);
  });

  test('a signed stream is not served without a token', async () => {
    const id = stream(true);
    const { status, body } = await get(`${id}/${id}.m3u8`);
    expect([status, JSON.parse(body)]).toMatchObject([403, { code: 'playback_token_missing' }]);
    expect(reads).toEqual([]);
  });

  const exp = Math.floor(Date.now() / 1_000) + 60;
  test.each([
    ['expired', (id: string) => tokenFor(id, 0), 'has expired'],
    ['of another stream', () => tokenFor('other'), 'is for another stream'],
    [
      'not good yet',
      (id: string) => forge({ alg: 'HS256', kid: 'new' }, { sub: id, exp, nbf: exp }, key.secret),
      'is not good yet',
    ],
    ['forged', (id: string) => forge({ alg: 'HS256', kid: 'new' }, { sub: id, exp }, 'x'.repeat(32)), 'is not right'],
    [
      'with the key of another id',
      (id: string) => forge({ alg: 'HS256', kid: 'new' }, { sub: id, exp }, old.secret),
      'is not right',
    ],
    [
      'of an unknown key',
      (id: string) => forge({ alg: 'HS256', kid: 'x' }, { sub: id, exp }, key.secret),
      'names a key that does not exist',
    ],
    [
      'without a signature',
      (id: string) => forge({ alg: 'none', kid: 'new' }, { sub: id, exp }, key.secret),
      'names a key that does not exist',
    ],
    [
      'that never expires',
      (id: string) => forge({ alg: 'HS256', kid: 'new' }, { sub: id }, key.secret),
      'is not right',
    ],
    ['that is no token', () => 'a.b.c', 'names a key that does not exist'],
  ])('a token that is %s: 403', async (_name, token, rule) => {
    const id = stream(true);
    const { status, body } = await get(`${token(id)}/${id}/${id}.m3u8`);
    expect([status, JSON.parse(body)]).toMatchObject([
      403,
      { code: 'playback_token_invalid', detail: `the playback token ${rule}` },
    ]);
    expect(reads).toEqual([]);
  });

  test('a token of the key before is good', async () => {
    const id = stream(true);
    const before = new PlaybackTokens({ PLAYBACK_KEYS: [old], HMAC_SECRET });
    expect((await get(`${before.create(id, 60).token}/${id}/${id}.m3u8`)).status).toBe(200);
  });
});
