import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../common/redis/keys.ts';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';
import { apiRoutes } from './apiRoutes.ts';

let server: TestRedis;
let redis: Redis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url);
});
beforeEach(async () => {
  await redis.flushall();
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

describe('/v1 and its older name /api', () => {
  test('have the same calls; /api has an envelope', async () => {
    const created = await api.ask('POST', '/v1/streams', { stream_id: 'a' });
    expect(created).toMatchObject({ status: 201, body: { stream_id: 'a', state: 'INITIALISED' } });
    expect(created.headers.get('location')).toBe('/v1/streams/a');
    const one = await api.ask('GET', '/v1/streams/a');
    expect((await api.ask('GET', '/api/streams/a')).body).toEqual({ success: true, data: one.body });
    const all = await api.ask('GET', '/v1/streams');
    expect(all.body).toMatchObject({ data: [{ stream_id: 'a' }] });
    expect((await api.ask('GET', '/api/streams')).body).toEqual({ success: true, ...all.body });
    const missing = await api.ask('GET', '/v1/streams/b');
    expect(missing.body).toEqual({
      type: '/docs/errors#stream_not_found',
      title: 'There is no such stream',
      status: 404,
      detail: 'stream "b" does not exist',
      next: 'Check the stream_id; GET /v1/streams lists streams.',
      code: 'stream_not_found',
      retryable: false,
      request_id: missing.headers.get('x-request-id'),
    });
    const { detail } = missing.body;
    expect((await api.ask('GET', '/api/streams/b')).body).toMatchObject({ detail, success: false, error: detail });
  });

  test.each([
    ['PUT', '/v1/streams', 'use GET or POST'],
    ['POST', '/v1/workers', 'use GET'],
  ])('%s %s: 405 with Allow', async (method, path, detail) => {
    const answer = await api.ask(method, path);
    expect(answer).toMatchObject({ status: 405, body: { detail: expect.stringContaining(detail) } });
    expect(answer.headers.get('allow')).toBe(detail.replace('use ', '').replace(' or ', ', '));
  });
});

describe('what a call does not have', () => {
  const unknown = 'field_unknown';
  test.each([
    ['a field', { webhook_url: [] }, 'webhook_url', '"webhook_url" is no field; did you mean webhook_urls?'],
    ['a field in capitals', { Stream_ID: 'b' }, 'Stream_ID', '"Stream_ID" is no field; did you mean stream_id?'],
    ['a field like no other', { zzzzzzzzz: 1 }, 'zzzzzzzzz', expect.stringContaining('there are: stream_id, profile')],
    ['a field with the name of a method', { constructor: 1 }, 'constructor', expect.stringContaining('is no field')],
  ])('%s: 400 with the nearest', async (_name, fields, name, rule) => {
    const answer = await api.ask('POST', '/v1/streams', { stream_id: 'a', ...fields });
    expect(answer).toMatchObject({ status: 400, body: { code: unknown, errors: [{ name, rule }] } });
    expect(await redis.exists(keys.stream('a'))).toBe(0);
  });

  test('a long name is cut', async () => {
    const { body } = await api.ask('POST', '/v1/streams', { stream_id: 'a', ['x'.repeat(10_000)]: 1 });
    expect(String(body.detail).length).toBeLessThan(500);
  });

  test('a field beside one that breaks a rule: both are named', async () => {
    const answer = await api.ask('POST', '/v1/streams', { stream_id: '..', recrod: true });
    const errors = [
      { name: 'stream_id', rule: expect.stringContaining('1 to 64') },
      { name: 'recrod', rule: '"recrod" is no field; did you mean record?' },
    ];
    expect(answer).toMatchObject({ status: 400, body: { code: 'body_invalid', errors } });
  });

  test.each([
    ['/v1/streams?limits=5', '"limits" is no query parameter; did you mean limit?'],
    ['/v1/streams/a?x=5', '"x" is no query parameter; there are none'],
    ['/v1/workers?limit=5', '"limit" is no query parameter; there are none'],
  ])('a query parameter: %s', async (path, detail) => {
    const answer = await api.ask('GET', path);
    expect(answer).toMatchObject({ status: 400, body: { code: 'parameter_unknown', detail } });
  });

  test('a body', async () => {
    const answer = await api.ask('DELETE', '/v1/streams/a', { now: true });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'body_invalid', detail: expect.stringContaining('no body') },
    });
  });
});

describe('X-Request-Id', () => {
  const ask = (id?: string) =>
    api.ask('GET', '/v1/streams/none', undefined, id === undefined ? {} : { 'x-request-id': id });

  test.each([
    ['is made', undefined, /^req_[0-9a-f]{32}$/],
    ['is kept when it is well formed', 'trace-0af7651916cd43dd8448', /^trace-0af7651916cd43dd8448$/],
    ['is replaced when it is short', 'x', /^req_/],
    ['is replaced when it could change a log line', 'abcdefgh ","level":60', /^req_/],
    ['is replaced when it is long', 'x'.repeat(65), /^req_/],
  ])('%s', async (_name, given, expected) => {
    const { headers, body } = await ask(given);
    expect(headers.get('x-request-id')).toMatch(expected);
    expect(body.request_id).toBe(headers.get('x-request-id'));
  });

  test('is another one each time', async () => {
    expect((await ask()).body.request_id).not.toBe((await ask()).body.request_id);
  });
});

test('/openapi.json has every route, and each has its scope', async () => {
  const { paths } = (await (await fetch(`${api.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string; security: object[] }>>;
  };
  const listed = Object.values(paths).flatMap(path => Object.values(path));
  expect(listed.map(({ operationId }) => operationId).sort()).toEqual(apiRoutes.map(r => r.operationId).sort());
  expect(new Set(listed.map(({ operationId }) => operationId)).size).toBe(listed.length);
  expect(paths['/streams']?.post?.security).toEqual([{ signature: ['streams:write'] }]);
});

describe('/docs', () => {
  test.each(['/docs', '/docs/errors', '/'])('%s is a page of its own, under the policy of all pages', async path => {
    const answer = await fetch(`${api.url}${path}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(await answer.text()).toContain('<!doctype html>');
  });

  test('where an error says that it is described, it is', async () => {
    const { type } = (await api.ask('GET', '/v1/streams/none')).body as unknown as { type: string };
    const { hash } = new URL(type, api.url);
    expect(await (await fetch(new URL(type, api.url))).text()).toContain(`id="${hash.slice(1)}"`);
  });
});
