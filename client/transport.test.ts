import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signRequest } from '../common/signature.ts';
import { ApiError } from './apiError.ts';
import { ConnectionError } from './connectionError.ts';
import { Livetran, type LivetranOptions } from './livetran.ts';

// What an API does that is away, busy or cut off. The rest is tested against the real one (livetran.test.ts).

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Received {
  method: string;
  path: string;
  body: string;
  headers: IncomingMessage['headers'];
}

let server: ReturnType<typeof createServer>;
let url: string;
let received: Received[];
/** In this order; the last one again and again. */
let answers: Answer[];

beforeEach(async () => {
  received = [];
  server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const body = Buffer.concat(await request.toArray()).toString();
    received.push({ method, path, body, headers });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  if (server.listening) await new Promise(resolve => server.close(resolve));
});

const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const ok = json(200, { stream_id: 'a' });
const problem = (code: string, status: number, retryable: boolean, headers = {}) =>
  json(status, { code, status, retryable, detail: `the detail of ${code}`, request_id: 'req_1' }, headers);
const broken: Answer = request => request.socket.destroy();

const client = (options: Partial<LivetranOptions> = {}) => new Livetran({ url, secret: 'the secret', ...options });
const get = (options?: Partial<LivetranOptions>) => client(options).call('getStream', { params: { stream_id: 'a' } });
const create = (options?: Partial<LivetranOptions>) =>
  client(options).call('createStream', { body: { stream_id: 'a' } });

describe('a signature', () => {
  test.each([
    [undefined, /^t=([\d.]+),v1=[0-9a-f]{64}$/],
    ['default', /^t=([\d.]+),v1=[0-9a-f]{64}$/],
    ['key_2', /^k=key_2,t=([\d.]+),v1=[0-9a-f]{64}$/],
  ])('of the key %s covers time, method, path, query and body', async (keyId, form) => {
    answers = [ok];
    await create(keyId === undefined ? {} : { keyId });
    await client(keyId === undefined ? {} : { keyId }).call('listStreams', { query: { limit: 7 } });
    expect(received.map(({ path }) => path)).toEqual(['/v1/streams', '/v1/streams?limit=7']);
    for (const { method, path, body, headers } of received) {
      const signature = String(headers['lt-signature']);
      const time = form.exec(signature)?.[1] ?? 'no match';
      expect(signature).toContain(signRequest({ time, method, path, body }, 'the secret'));
      expect(Math.abs(Date.now() / 1_000 - Number(time))).toBeLessThan(60);
    }
  });
});

describe('a call that failed for a reason that passes', () => {
  test.each([
    ['the connection broke off', broken],
    ['503', problem('redis_unavailable', 503, true)],
    ['a proxy has no API', (_: unknown, response: ServerResponse) => void response.writeHead(502).end('<html>')],
  ])('is sent again, signed anew, with the same Idempotency-Key: %s', async (_name, answer) => {
    answers = [answer as Answer, answer as Answer, ok];
    expect(await create()).toEqual({ stream_id: 'a' });
    expect(received).toHaveLength(3);
    expect(new Set(received.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(received[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(received.map(({ headers }) => headers['lt-signature'])).size).toBe(3);
  });

  test('is sent again when the API asked for it (Retry-After)', async () => {
    answers = [problem('rate_limited', 429, true, { 'retry-after': '1' }), ok];
    const begun = performance.now();
    await get();
    expect(performance.now() - begun).toBeGreaterThanOrEqual(990);
  });

  test('is not sent again when that would be in vain: Retry-After is minutes', async () => {
    answers = [problem('rate_limited', 429, true, { 'retry-after': '600' })];
    await expect(get()).rejects.toMatchObject({ code: 'rate_limited', retryAfter: 600 });
    expect(received).toHaveLength(1);
  });

  test('fails after so many retries', async () => {
    answers = [problem('redis_unavailable', 503, true)];
    await expect(get({ retries: 1 })).rejects.toMatchObject({ code: 'redis_unavailable', retryable: true });
    expect(received).toHaveLength(2);
  });

  test('ends at once when it is aborted in a pause', async () => {
    answers = [problem('rate_limited', 429, true, { 'retry-after': '15' })];
    const abort = new AbortController();
    const call = client().call('getStream', { params: { stream_id: 'a' } }, { signal: abort.signal });
    await expect.poll(() => received.length).toBe(1);
    abort.abort(new Error('the program ends'));
    await expect(call).rejects.toThrow('the program ends');
  });
});

test("the app's own Idempotency-Key is sent", async () => {
  answers = [ok];
  await client().call('createStream', { body: { stream_id: 'a' } }, { idempotencyKey: 'order-17' });
  expect(received[0]?.headers['idempotency-key']).toBe('order-17');
});

describe('errors', () => {
  test('an answer of the API is an ApiError with its problem', async () => {
    answers = [problem('stream_running', 409, false)];
    const error = await get().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 409, code: 'stream_running', requestId: 'req_1', retryable: false });
    expect(error).toHaveProperty('message', 'the detail of stream_running');
    expect(received).toHaveLength(1);
  });

  test('an answer that is no JSON says that the URL is wrong', async () => {
    answers = [(_request, response) => void response.writeHead(404).end('<html>')];
    await expect(get()).rejects.toMatchObject({
      status: 404,
      code: 'unknown',
      message: expect.stringContaining("is not Livetran's"),
    });
  });

  test('no answer in time is a ConnectionError', async () => {
    answers = [() => undefined];
    await expect(get({ retries: 0, timeoutMs: 50 })).rejects.toThrow(/cannot be reached: no answer within 0.05 s/);
  });

  test('an answer that stops in its middle is a ConnectionError', async () => {
    answers = [
      (_request, response) =>
        void response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy()),
    ];
    await expect(get({ retries: 0 })).rejects.toThrow(ConnectionError);
  });

  test('no server is a ConnectionError that says why', async () => {
    server.close();
    await expect(get({ retries: 0 })).rejects.toThrow(/127\.0\.0\.1:\d+ cannot be reached: .*ECONNREFUSED/);
  });

  test('no message has the secret', async () => {
    answers = [problem('signature_invalid', 403, false)];
    const error = await get().catch((error: unknown) => error);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('the secret');
  });
});

describe('events', () => {
  const stream =
    (text: string, end: 'end' | 'destroy' | 'stay' = 'destroy'): Answer =>
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(text, () => end !== 'stay' && response[end]());
    };
  const event = (id: number) => `retry: 20\nid: ${id}\nevent: READY\ndata: {"n":${id}}\n\n`;
  const follow = (options = {}) => client().follow('followStream', { params: { stream_id: 'a' } }, options);

  test.each(['end', 'destroy'] as const)('go on after the last one when the connection breaks (%s)', async end => {
    answers = [
      stream(event(1) + event(2), end),
      problem('redis_unavailable', 503, true),
      broken,
      stream(event(3), 'stay'),
    ];
    const calls: string[] = [];
    const ids: string[] = [];
    const told = { onDisconnect: () => calls.push('away'), onReconnect: () => calls.push('back') };
    for await (const { id } of follow(told)) {
      ids.push(id);
      if (id === '3') break;
    }
    expect(ids).toEqual(['1', '2', '3']);
    expect(received.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2', '2', '2']);
    expect(calls).toEqual(['away', 'back']);
  });

  test('begin after the event that the app names', async () => {
    answers = [stream(event(8), 'stay')];
    for await (const _ of follow({ lastEventId: '7' })) break;
    expect(received[0]?.headers['last-event-id']).toBe('7');
  });

  test('end at once when they are aborted while there is none', async () => {
    answers = [stream(event(1), 'stay')];
    const abort = new AbortController();
    const ids: string[] = [];
    const done = (async () => {
      for await (const { id } of follow({ signal: abort.signal })) ids.push(id);
    })();
    await expect.poll(() => ids).toEqual(['1']);
    abort.abort();
    await done;
  });

  test('an event that was not handled comes again after a break', async () => {
    answers = [stream(event(1)), stream(event(2), 'stay')];
    const events = follow();
    expect((await events.next()).value).toMatchObject({ id: '1' });
    expect((await events.next()).value).toMatchObject({ id: '2' });
    expect(received.at(-1)?.headers['last-event-id']).toBe('1');
    await events.return(undefined);
  });

  test('fail when the first connection does, and when the answer will not change', async () => {
    answers = [broken];
    await expect(follow().next()).rejects.toThrow(ConnectionError);
    answers = [problem('stream_not_found', 404, false)];
    await expect(follow().next()).rejects.toMatchObject({ code: 'stream_not_found' });
    answers = [stream(event(1)), problem('signature_invalid', 403, false)];
    const events = follow();
    await events.next();
    await expect(events.next()).rejects.toMatchObject({ code: 'signature_invalid' });
  });

  test('fail when the API was away for too long', async () => {
    answers = [stream(event(1)), broken];
    const events = follow({ giveUpMs: 30 });
    await events.next();
    await expect(events.next()).rejects.toThrow(ConnectionError);
  });
});
