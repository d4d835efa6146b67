import { Agent, request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorCatalogue } from '../common/errorCatalogue.ts';
import { signRequest } from '../common/signature.ts';
import { startRedis, type TestRedis } from '../common/testing/startRedis.ts';
import { secret, startTestApi, type TestApi } from './testing/testApi.ts';

const REQUESTS = 10_000;
const AT_ONCE = 32;

let server: TestRedis;
let api: TestApi;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

beforeAll(async () => {
  server = await startRedis();
  const unlimited = { RATE_LIMIT_PER_ADDRESS: '0', RATE_LIMIT_PER_KEY: '0', MAX_STREAMS: '50' };
  api = await startTestApi(server.url, unlimited);
});
afterAll(async () => {
  agent.destroy();
  await api.stop();
  await server.stop();
});

const paths = [
  ...[
    '/v1/streams',
    '/v1/streams/a',
    '/v1/streams/%00',
    '/v1/streams/a/key',
    '/v1/streams/a/complete',
    '/v1/streams/a/stats',
  ],
  ...[
    '/v1/workers',
    '/v1/keys',
    '/v1/keys/b',
    '/v1/event-tokens',
    '/v1/stats',
    '/v1/nothing',
    '/api/streams',
    '/api/streams/a',
  ],
];
const field = fc.constantFrom(
  ...['stream_id', 'profile', 'abr', 'latency', 'webhook_urls', 'record', 'dvr', 'passphrase', 'title', 'metadata'],
  ...['max_duration_seconds', 'revoke', 'scopes', 'not_after', 'id', 'seconds', '__proto__', 'constructor', 'toString'],
);
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('a', true, false, null, 1e308, -1, '\u0000', 'ladder', ['https://a.example/'], { a: 'b' }),
);
const body = fc.oneof(
  { weight: 5, arbitrary: fc.dictionary(field, value, { maxKeys: 4 }).map(fields => JSON.stringify(fields)) },
  { weight: 1, arbitrary: fc.string({ maxLength: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom('', '{', '[]', 'null', '"a"', '{"a":', '{"stream_id":"a"}') },
);
const query = fc.oneof(
  fc.constant(''),
  fc.webQueryParameters().map(text => `?${text}`),
  fc.constantFrom('?limit=1', '?cursor=x', '?state=READY&state=READY', '?seconds=0', '?__proto__=1', '?limit[]=1'),
);
const header = fc.constantFrom<Record<string, string>>(
  ...[{}, {}, {}, { 'idempotency-key': 'k' }, { 'idempotency-key': '\u00ff' }, { prefer: 'respond-async' }],
  ...[{ 'content-type': 'text/plain' }, { 'content-encoding': 'gzip' }, { 'x-request-id': 'x'.repeat(300) }],
);
const fuzzed = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'OPTIONS'),
  path: fc.tuple(fc.constantFrom(...paths), query).map(([path, rest]) => path + rest),
  body,
  header,
  isSigned: fc.integer({ min: 0, max: 9 }).map(n => n > 0),
});
type Fuzzed = typeof fuzzed extends fc.Arbitrary<infer Value> ? Value : never;

let count = 0;
function send({ method, path, body: text, header: more, isSigned }: Fuzzed): Promise<{ status: number; text: string }> {
  const bodyless = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  const sent = Buffer.from(bodyless ? '' : text);
  count += 1;
  const time = `${Math.floor(Date.now() / 1_000)}.${String(count).padStart(9, '0')}`;
  const signature = isSigned ? { 'lt-signature': signRequest({ time, method, path, body: sent }, secret) } : {};
  const headers = { ...signature, prefer: 'respond-async', ...more, 'content-length': sent.length };
  return new Promise((resolve, reject) => {
    request(`${api.url}${path}`, { method, headers, agent }, answer => {
      let received = '';
      answer.setEncoding('utf8').on('data', chunk => {
        received += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: received }));
    })
      .on('error', reject)
      .end(sent);
  });
}

test('10,000 random requests: no 5xx, and each refusal is a problem document that names the rule and the next step', async () => {
  const requests = fc.sample(fuzzed, { numRuns: REQUESTS, seed: 20_261_125 });
  const seen = new Map<number, number>();
  const next = requests[Symbol.iterator]();
  const sendAll = async (): Promise<void> => {
    for (const each of next) {
      const { status, text } = await send(each);
      seen.set(status, (seen.get(status) ?? 0) + 1);
      expect(status, JSON.stringify(each)).toBeLessThan(500);
      if (status < 400 || each.method === 'HEAD') continue;
      const problem = JSON.parse(text) as { code: string; detail: string; next: string };
      expect(errorCatalogue, JSON.stringify(each)).toHaveProperty(problem.code);
      expect(problem.detail.length).toBeGreaterThan(5);
      expect(problem.next.length).toBeGreaterThan(5);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendAll));
  expect([...seen.values()].reduce((sum, each) => sum + each, 0)).toBe(REQUESTS);
  // Many got as far as the calls themselves.
  expect((seen.get(200) ?? 0) + (seen.get(201) ?? 0) + (seen.get(202) ?? 0)).toBeGreaterThan(REQUESTS / 50);
  expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
}, 120_000);
