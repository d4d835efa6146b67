// A Cloudflare Worker in front of the R2 bucket (docs/tokens.md). It serves `/<stream_id>/<file>`, and signed streams under
// `/<token>/<stream_id>/<file>` alone. All viewers of a file share one cached object: the token is not part of its key.
//
// Binding BUCKET: the R2 bucket. Secret PLAYBACK_KEYS: as the API has it, `[{"id":"…","secret":"…"}]`.

const PATH =
  /^\/(?:([\w-]+\.[\w-]+\.[\w-]+)\/)?([A-Za-z0-9_-]{1,64})\/([A-Za-z0-9_-]{1,128}\.(?:m3u8|ts|m4s|mp4|jpg))$/;
const OPEN = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Content-Length, Content-Range' };
const METHODS = 'GET, HEAD';

/** Whether a stream is signed is asked once in so long (ms). */
const MARK_MS = 30_000;
const MOST_MARKS = 10_000;
const marks = new Map();

export default {
  async fetch(request, env, context) {
    if (request.method === 'OPTIONS') return preflight(request);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return problem(405, 'method_not_allowed', `use ${METHODS}`, { allow: METHODS });
    }
    const [, token, streamId, file] = PATH.exec(new URL(request.url).pathname) ?? [];
    if (streamId === undefined) return problem(404, 'not_found', 'there is no such file');
    const fault = token === undefined ? undefined : await faultOf(token, streamId, env.PLAYBACK_KEYS);
    if (fault !== undefined) return problem(403, 'playback_token_invalid', `the playback token ${fault}`);
    if (token === undefined && (await isSigned(env.BUCKET, streamId))) {
      return problem(403, 'playback_token_missing', `the path is /<token>/${streamId}/<file>`);
    }
    return serve(request, env, context, `${streamId}/${file}`);
  },
};

/** What is wrong with a token; undefined: it is good for this stream. */
async function faultOf(token, streamId, keysText) {
  const [head, body, signature] = token.split('.');
  const header = readJson(head);
  const claims = readJson(body);
  const key = JSON.parse(keysText).find(({ id }) => id === header?.kid);
  if (header?.alg !== 'HS256' || key === undefined) return 'names a key that does not exist';
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const encoder = new TextEncoder();
  const secret = await crypto.subtle.importKey('raw', encoder.encode(key.secret), hmac, false, ['verify']);
  const bytes = readBytes(signature);
  const isRight = bytes && (await crypto.subtle.verify('HMAC', secret, bytes, encoder.encode(`${head}.${body}`)));
  if (!isRight || typeof claims?.exp !== 'number') return 'is not right';
  if (claims.exp * 1_000 <= Date.now()) return 'has expired';
  if (typeof claims.nbf === 'number' && claims.nbf * 1_000 > Date.now()) return 'is not good yet';
  return claims.sub === streamId ? undefined : 'is for another stream';
}

function readBytes(text) {
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), letter => letter.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function readJson(text) {
  try {
    return JSON.parse(new TextDecoder().decode(readBytes(text)));
  } catch {
    return undefined;
  }
}

async function isSigned(bucket, streamId) {
  const known = marks.get(streamId);
  if (known && Date.now() - known.at < MARK_MS) return known.isSigned;
  const found = (await bucket.head(`livetran.signed/${streamId}`)) !== null;
  if (marks.size >= MOST_MARKS) marks.clear();
  marks.set(streamId, { at: Date.now(), isSigned: found });
  return found;
}

/** From Cloudflare's cache, or the bucket. */
async function serve(request, env, context, key) {
  const url = new URL(request.url);
  const shared = new Request(`${url.origin}/${key}`, { headers: rangeOf(request) });
  const cached = await caches.default.match(shared);
  if (cached) return request.method === 'HEAD' ? new Response(null, cached) : cached;
  const object = await env.BUCKET.get(key, { range: request.headers });
  if (object === null) return problem(404, 'not_found', 'there is no such file');
  const headers = new Headers(OPEN);
  object.writeHttpMetadata(headers);
  headers.set('etag', object.httpEtag);
  headers.set('accept-ranges', 'bytes');
  const isPart = object.range !== undefined && request.headers.has('range');
  if (isPart) headers.set('content-range', contentRange(object));
  const answer = new Response(request.method === 'HEAD' ? null : object.body, { status: isPart ? 206 : 200, headers });
  // Playlists change each few seconds (no-cache), and a part of a file cannot be put there.
  const isKept = answer.status === 200 && request.method === 'GET' && !key.endsWith('.m3u8');
  if (isKept) context.waitUntil(caches.default.put(shared, answer.clone()));
  return answer;
}

const rangeOf = request => (request.headers.has('range') ? { range: request.headers.get('range') } : {});

function contentRange({ range, size }) {
  const offset = range.suffix === undefined ? (range.offset ?? 0) : size - range.suffix;
  const length = range.suffix ?? range.length ?? size - offset;
  return `bytes ${offset}-${offset + length - 1}/${size}`;
}

function preflight(request) {
  const wanted = request.headers.get('access-control-request-headers');
  const headers = { ...OPEN, 'access-control-allow-methods': METHODS, 'access-control-max-age': '86400' };
  return new Response(null, {
    status: 204,
    headers: { ...headers, ...(wanted && { 'access-control-allow-headers': wanted }) },
  });
}

/** A problem document, as the API's (RFC 9457). */
function problem(status, code, detail, more = {}) {
  const body = JSON.stringify({ type: `/docs/errors#${code}`, status, code, detail });
  const headers = { ...OPEN, ...more, 'content-type': 'application/problem+json', 'cache-control': 'no-store' };
  return new Response(body, { status, headers });
}
