import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorCatalogue } from '../common/errorCatalogue.ts';
import { keys } from '../common/redis/keys.ts';
import { signBody, signRequest } from '../common/signature.ts';
import { startRedis, type TestRedis } from '../common/testing/startRedis.ts';
import { createRequest } from './streams/schemas.ts';
import { rawRequest } from './testing/rawRequest.ts';
import { secret, startTestApi, type TestApi } from './testing/testApi.ts';

// Malformed and hostile requests, each with its exact answer. What is refused by the signature comes before what is in the body.

let server: TestRedis;
let redis: Redis;
let api: TestApi;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  api = await startTestApi(server.url, { ADMIN_PASSWORD: 'pass:word' });
  await api.ask('POST', '/v1/streams', { stream_id: 'run', metadata: { a: 'x'.repeat(4_000) } });
  await api.ask('POST', '/v1/streams', { stream_id: 'over' });
  await api.ask('DELETE', '/v1/streams/over');
  await redis.set(keys.stream('bad'), 'no hash');
});
afterAll(async () => {
  await api.stop();
  redis.disconnect();
  await server.stop();
});

type Row = [name: string, bytes: string | (() => string), status: number, code: string, detail: string];

/** A whole request as bytes. */
function http(method: string, path: string, body = '', headers: Record<string, string> = {}): string {
  const length = Buffer.byteLength(body);
  const all = { Host: 'x', ...(length > 0 && { 'Content-Length': `${length}` }), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${Buffer.from(body).toString('latin1')}`;
}

let fraction = 0;
/** A signed one. */
const signed =
  (method: string, path: string, body = '', headers: Record<string, string> = {}) =>
  () => {
    fraction += 1;
    const time = `${Math.floor(Date.now() / 1_000)}.${String(fraction).padStart(6, '0')}`;
    return http(method, path, body, { 'LT-SIGNATURE': signRequest({ time, method, path, body }, secret), ...headers });
  };
/** One whose body is bytes, given as Latin-1. */
function signedBytes(text: string): string {
  const [path, body] = ['/v1/streams', Buffer.from(text, 'latin1')];
  const signature = signRequest({ time: now(), method: 'POST', path, body }, secret);
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nLT-SIGNATURE: ${signature}\r\n\r\n${text}`;
}
const post = (body: string, headers?: Record<string, string>) => signed('POST', '/v1/streams', body, headers);
const patch = (body: string) => signed('PATCH', '/v1/streams/run', body);
const withSignature = (signature: string) => http('GET', '/v1/streams', '', { 'LT-SIGNATURE': signature });

const now = () => Math.floor(Date.now() / 1_000);
const noSignature = 'header LT-SIGNATURE is missing: t=<unix seconds>,v1=<hex>';
const form =
  'LT-SIGNATURE must be t=<unix seconds>,v1=<64 hex digits>, after k=<key id>, for another key than HMAC_SECRET';
const wrong = 'LT-SIGNATURE does not match time, method, path and body';
const nothing = 'there is nothing at this address; the calls are listed at /openapi.json';
const idRule = 'stream_id must be 1 to 64 of A-Z a-z 0-9 _ -';
const noJson = 'the body must be a JSON object';
const startFields = Object.keys(createRequest.shape).join(', ');

// biome-ignore format: a table, one request a line
const rows: Row[] = [
  // What is no HTTP request
  ['garbage', 'garbage\r\n\r\n', 400, 'request_malformed', 'the method is none that HTTP has'],
  ['a TLS handshake on a plain port', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400, 'request_malformed', 'the method is none that HTTP has'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 400, 'request_malformed', 'the method is none that HTTP has'],
  ['a method that HTTP does not have', http('BREW', '/v1/streams'), 400, 'request_malformed', 'the method is none that HTTP has'],
  ['a version that does not exist', 'GET /v1/streams HTTP/9.9\r\nHost: x\r\n\r\n', 400, 'request_malformed', 'the version is not HTTP/1.1 or HTTP/1.0'],
  ['no version', 'GET /v1/streams\r\nHost: x\r\n\r\n', 400, 'signature_missing', noSignature],
  ['no Host', 'GET /v1/streams HTTP/1.1\r\n\r\n', 400, 'request_malformed', 'header Host is missing'],
  ['a path with a space', http('GET', '/v1/streams/a b'), 400, 'request_malformed', 'the request is not valid HTTP/1.1'],
  ['a path with a control character', http('GET', '/v1/streams/a\x01b'), 400, 'request_malformed', 'the path has characters that are not allowed there; encode them (RFC 3986)'],
  ['a header without a colon', 'GET /v1/streams HTTP/1.1\r\nHost x\r\n\r\n', 400, 'request_malformed', 'a header has characters that are not allowed there'],
  ['a header with a line break in it', http('GET', '/v1/streams', '', { 'X-A': 'b\nX-C: d\x00' }), 400, 'request_malformed', 'the request is not valid HTTP/1.1'],
  ['a header name with a space', http('GET', '/v1/streams', '', { 'X A': 'b' }), 400, 'request_malformed', 'a header has characters that are not allowed there'],
  ['headers of 20 kB', http('GET', '/v1/streams', '', { 'X-A': 'a'.repeat(20_000) }), 431, 'headers_too_large', 'the request line and the headers are longer than 16 kB'],
  ['3000 headers', http('GET', '/v1/streams', '', Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`X-${i}`, 'a']))), 431, 'headers_too_large', 'the request line and the headers are longer than 16 kB'],
  ['a path of 20 kB', http('GET', `/v1/streams/${'a'.repeat(20_000)}`), 431, 'headers_too_large', 'the request line and the headers are longer than 16 kB'],
  ['a length that is no number', http('POST', '/v1/streams', '{}', { 'Content-Length': 'two' }), 400, 'request_malformed', 'Content-Length is no number'],
  ['a negative length', http('POST', '/v1/streams', '{}', { 'Content-Length': '-2' }), 400, 'request_malformed', 'Content-Length is no number'],
  ['two lengths', 'POST /v1/streams HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x', 400, 'request_malformed', 'the length of the body is given twice'],
  ['a length and chunks', http('POST', '/v1/streams', '2\r\n{}\r\n0\r\n\r\n', { 'Transfer-Encoding': 'chunked' }), 400, 'request_malformed', 'Transfer-Encoding must be chunked, and the last one'],
  ['a transfer encoding that is not chunked', http('POST', '/v1/streams', '', { 'Transfer-Encoding': 'gzip' }), 400, 'request_malformed', 'Transfer-Encoding must be chunked, and the last one'],
  ['a chunk size that is no number', 'POST /v1/streams HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n', 400, 'request_malformed', 'the size of a chunk is no number'],
  ['CONNECT', 'CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'method_not_allowed', 'CONNECT is not allowed here; this is no proxy'],
  ['an expectation', http('POST', '/v1/streams', '', { Expect: '200-maybe' }), 417, 'expectation_failed', 'Expect may be 100-continue, and nothing else'],
  // Addresses and methods
  ['nothing', http('GET', '/nothing'), 404, 'not_found', nothing],
  ['nothing below /v1', signed('GET', '/v1/nothing'), 404, 'not_found', nothing],
  ['another version', signed('GET', '/v2/streams'), 404, 'not_found', nothing],
  ['the address of another host', http('GET', 'http://169.254.169.254/latest/meta-data'), 404, 'not_found', nothing],
  ['a folder above', http('GET', '/v1/../../etc/passwd'), 404, 'not_found', nothing],
  ['a folder above, encoded', http('GET', '/video/%2e%2e/%2e%2e/etc/passwd'), 404, 'not_found', 'there is no such file'],
  ['a folder above, in an id', signed('GET', '/v1/streams/..%2f..%2fetc'), 400, 'parameter_invalid', idRule],
  ['a zero byte in an id', signed('GET', '/v1/streams/a%00'), 400, 'parameter_invalid', idRule],
  ['half an encoded character', signed('GET', '/v1/streams/%E0%A4%A'), 400, 'request_malformed', 'the request cannot be read; check the encoding of its path (RFC 3986)'],
  ['an id in another alphabet', signed('GET', '/v1/streams/%D1%88%D0%BE%D1%83'), 400, 'parameter_invalid', idRule],
  ['an id of 65', signed('GET', `/v1/streams/${'a'.repeat(65)}`), 400, 'parameter_invalid', idRule],
  ['a Redis key for an id', signed('GET', '/v1/streams/a:b*'), 400, 'parameter_invalid', idRule],
  ['a template for an id', signed('GET', '/v1/streams/%24%7Bjndi%3Aldap%7D'), 400, 'parameter_invalid', idRule],
  ['SQL for an id', signed('DELETE', "/v1/streams/a'%20OR%201=1--"), 400, 'parameter_invalid', idRule],
  ['PUT on the list', http('PUT', '/v1/streams'), 405, 'method_not_allowed', 'PUT is not allowed here; use GET or POST'],
  ['TRACE', http('TRACE', '/v1/streams'), 405, 'method_not_allowed', 'TRACE is not allowed here; use GET or POST'],
  ['OPTIONS without an origin\'s question', http('OPTIONS', '/nothing'), 404, 'not_found', nothing],
  ['POST on one stream', http('POST', '/v1/streams/run'), 405, 'method_not_allowed', 'POST is not allowed here; use GET or PATCH or DELETE'],
  ['GET on a call that changes', http('GET', '/v1/streams/run/complete'), 405, 'method_not_allowed', 'GET is not allowed here; use POST'],
  ['DELETE on health', http('DELETE', '/healthz'), 405, 'method_not_allowed', 'DELETE is not allowed here; use GET'],
  ['POST on the document', http('POST', '/openapi.json'), 405, 'method_not_allowed', 'POST is not allowed here; use GET'],
  // Signatures
  ['no signature', http('GET', '/v1/streams'), 400, 'signature_missing', noSignature],
  ['an empty signature', withSignature(''), 400, 'signature_missing', noSignature],
  ['no signature, and a bad body', http('POST', '/v1/streams', '{'), 400, 'signature_missing', noSignature],
  ['Livetran\'s form', withSignature(signBody('', secret)), 403, 'signature_invalid', form],
  ['a bearer token', http('GET', '/v1/streams', '', { Authorization: 'Bearer abc' }), 400, 'signature_missing', noSignature],
  ['another secret', () => withSignature(signRequest({ time: now(), method: 'GET', path: '/v1/streams', body: '' }, 'another secret')), 403, 'signature_invalid', wrong],
  ['of another method', () => withSignature(signRequest({ time: now(), method: 'POST', path: '/v1/streams', body: '' }, secret)), 403, 'signature_invalid', wrong],
  ['of the older name of the address', () => withSignature(signRequest({ time: now(), method: 'GET', path: '/api/streams', body: '' }, secret)), 403, 'signature_invalid', wrong],
  ['of an hour ago', () => withSignature(signRequest({ time: now() - 3_600, method: 'GET', path: '/v1/streams', body: '' }, secret)), 403, 'signature_invalid', 'LT-SIGNATURE\'s time is more than 300 s off; check the clock'],
  ['of tomorrow', () => withSignature(signRequest({ time: now() + 86_400, method: 'GET', path: '/v1/streams', body: '' }, secret)), 403, 'signature_invalid', 'LT-SIGNATURE\'s time is more than 300 s off; check the clock'],
  ['a time that is no number', withSignature(`t=soon,v1=${'a'.repeat(64)}`), 403, 'signature_invalid', form],
  ['a time of 300 digits', withSignature(`t=${'1'.repeat(300)},v1=${'a'.repeat(64)}`), 403, 'signature_invalid', form],
  ['a digest that is not hex', withSignature(`t=1,v1=${'z'.repeat(64)}`), 403, 'signature_invalid', form],
  ['half a digest', withSignature(`t=1,v1=${'a'.repeat(32)}`), 403, 'signature_invalid', form],
  ['a key that does not exist', () => withSignature(`k=nobody,t=${now()},v1=${'a'.repeat(64)}`), 403, 'key_unknown', 'LT-SIGNATURE names the key "nobody"; there is none, or it was revoked'],
  ['a key with an odd name', withSignature(`k=../x,t=1,v1=${'a'.repeat(64)}`), 403, 'signature_invalid', form],
  // Bodies
  ['no JSON', post('{"stream_id":'), 400, 'body_invalid', noJson],
  ['no JSON object', post('[]'), 400, 'body_invalid', noJson],
  ['null', post('null'), 400, 'body_invalid', noJson],
  ['a text', post('"a"'), 400, 'body_invalid', noJson],
  ['a number', post('7'), 400, 'body_invalid', noJson],
  ['two objects', post('{}{}'), 400, 'body_invalid', noJson],
  ['a comment', post('{/* */}'), 400, 'body_invalid', noJson],
  ['NaN', post('{"max_duration_seconds":NaN}'), 400, 'body_invalid', noJson],
  ['XML', post('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'), 400, 'body_invalid', noJson],
  ['a form', post('stream_id=a', { 'Content-Type': 'application/x-www-form-urlencoded' }), 400, 'body_invalid', noJson],
  ['what is no UTF-8', () => signedBytes('{"title":"\xff\xfe"}'), 400, 'body_invalid', noJson],
  ['a byte order mark of UTF-16', () => signedBytes('\xff\xfe{\x00}\x00'), 400, 'body_invalid', noJson],
  ['10,000 brackets', post('['.repeat(10_000)), 400, 'body_invalid', noJson],
  ['10,000 objects in each other', post(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`), 400, 'field_unknown', '"a" is no field; did you mean abr?'],
  ['a body of 200 kB', () => http('POST', '/v1/streams', `{"title":"${'a'.repeat(200_000)}"}`), 413, 'body_too_large', 'the body is too large; at most 100 kB are accepted'],
  ['a length of 1 TB', http('POST', '/v1/streams', '', { 'Content-Length': '1099511627776' }), 413, 'body_too_large', 'the body is too large; at most 100 kB are accepted'],
  ['a compressed body', post('{}', { 'Content-Encoding': 'gzip' }), 415, 'media_type_unsupported', 'a compressed body is not accepted; send it as it is'],
  ['a body where there is none', signed('DELETE', '/v1/streams/run', '{"force":true}'), 400, 'body_invalid', 'this call takes no body; send it without one'],
  ['a body with GET', signed('GET', '/v1/streams', '{}'), 400, 'body_invalid', 'this call takes no body; send it without one'],
  // Fields
  ['an id that is a number', post('{"stream_id":7}'), 400, 'body_invalid', 'stream_id must be a string'],
  ['an empty id', post('{"stream_id":""}'), 400, 'body_invalid', idRule],
  ['an id that is a path', post('{"stream_id":"../../etc/cron.d/x"}'), 400, 'body_invalid', idRule],
  ['an id with a line break', post('{"stream_id":"a\\n"}'), 400, 'body_invalid', idRule],
  ['a list of ids', post('{"stream_id":["a","b"]}'), 400, 'body_invalid', 'stream_id must be a string'],
  ['a misspelt field', post('{"webhook_url":["https://a.example/"]}'), 400, 'field_unknown', '"webhook_url" is no field; did you mean webhook_urls?'],
  ['a field of the record', post('{"state":"STREAMING"}'), 400, 'field_unknown', `"state" is no field; there are: ${startFields}`],
  ['a prototype', post('{"__proto__":{"record":true}}'), 400, 'field_unknown', `"__proto__" is no field; there are: ${startFields}`],
  ['a constructor', post('{"constructor":{"prototype":{}}}'), 400, 'field_unknown', `"constructor" is no field; there are: ${startFields}`],
  ['a field twice', post('{"stream_id":"a","stream_id":".."}'), 400, 'body_invalid', idRule],
  ['a flag that is a text', post('{"record":"true"}'), 400, 'body_invalid', 'record: must be true or false'],
  ['a flag that is a number', post('{"dvr":1}'), 400, 'body_invalid', 'dvr: must be true or false'],
  ['a profile that does not exist', post('{"profile":"h266"}'), 400, 'body_invalid', 'profile: must be auto, transcode, passthrough, ladder or ladder-source'],
  ['a profile against abr', post('{"profile":"ladder","abr":false}'), 400, 'body_invalid', 'profile: ladder contradicts abr: false; leave abr out, or set it to true'],
  ['a latency that does not exist', post('{"latency":"none"}'), 400, 'body_invalid', 'latency: must be standard, reduced or low'],
  ['a short passphrase', post('{"passphrase":"short"}'), 400, 'body_invalid', 'passphrase: must have 10 to 79 bytes and no control characters'],
  ['a passphrase with a line break', post('{"passphrase":"ten bytes\\nor more"}'), 400, 'body_invalid', 'passphrase: must have 10 to 79 bytes and no control characters'],
  ['a duration of 1e308', post('{"max_duration_seconds":1e308}'), 400, 'body_invalid', 'max_duration_seconds: must be a number from 1 to 2592000'],
  ['a duration beyond any number', post('{"max_duration_seconds":1e999}'), 400, 'body_invalid', 'max_duration_seconds: must be a number from 1 to 2592000'],
  ['a negative window', post('{"connect_timeout_seconds":-1}'), 400, 'body_invalid', 'connect_timeout_seconds: must be a number from 1 to 86400'],
  ['a title of 257', post(`{"title":"${'a'.repeat(257)}"}`), 400, 'body_invalid', 'title: must have at most 256 characters'],
  ['metadata that are too large', post(`{"metadata":{"a":"${'a'.repeat(4_090)}"}}`), 400, 'body_invalid', 'metadata: title and metadata must have at most 4096 bytes together, as JSON'],
  ['metadata that are no texts', post('{"metadata":{"a":{"b":1}}}'), 400, 'body_invalid', 'metadata.a: must be a string'],
  ['metadata with an odd name', post('{"metadata":{"a b":"c"}}'), 400, 'body_invalid', 'metadata.a b: a name must be 1 to 64 of A-Z a-z 0-9 _ . -'],
  ['metadata that become too large', patch(`{"metadata":{"b":"${'a'.repeat(200)}"}}`), 400, 'body_invalid', 'title and metadata must have at most 4096 bytes together, as JSON'],
  ['a field that no edit changes', patch('{"stream_id":"b"}'), 400, 'field_unknown', '"stream_id" is no field; there are: webhook_urls, title, metadata, record'],
  ['an edit of a stream that is none', signed('PATCH', '/v1/streams/bad', '{}'), 409, 'stream_unreadable', 'the record of stream "bad" in Redis cannot be read; delete the key livetran:stream:bad, then start the stream again'],
  ['a key for a stream that is over', signed('POST', '/v1/streams/over/key', '{}'), 409, 'stream_stopped', 'stream "over" is STOPPED and has no stream key'],
  ['a start of a stream that runs', post('{"stream_id":"run"}'), 409, 'stream_running', 'stream "run" is already INITIALISED. Its status shows its SRT URL; stop it before you start it again'],
  // Webhooks
  ['a webhook that is a text', post('{"webhook_urls":"https://a.example/"}'), 400, 'body_invalid', 'webhook_urls: must be a list of URLs'],
  ['eleven webhooks', post(JSON.stringify({ webhook_urls: Array.from({ length: 11 }, (_, i) => `https://a.example/${i}`) })), 400, 'body_invalid', 'webhook_urls: must have at most 10 URLs'],
  ['a webhook of another scheme', post('{"webhook_urls":["file:///etc/passwd"]}'), 400, 'body_invalid', 'webhook_urls.0: must be an http or https URL'],
  ['a webhook to the cloud\'s metadata', post('{"webhook_urls":["http://169.254.169.254/"]}'), 400, 'webhook_refused', 'webhook_urls: webhooks may not go to 169.254.169.254: it has a private address (WEBHOOK_ALLOW_PRIVATE=on allows it)'],
  ['a webhook to this host', post('{"webhook_urls":["http://localhost:6379/"]}'), 400, 'webhook_refused', 'webhook_urls: webhooks may not go to localhost: it has a private address (WEBHOOK_ALLOW_PRIVATE=on allows it)'],
  ['a webhook to this host as one number', post('{"webhook_urls":["http://2130706433/"]}'), 400, 'webhook_refused', 'webhook_urls: webhooks may not go to 127.0.0.1: it has a private address (WEBHOOK_ALLOW_PRIVATE=on allows it)'],
  ['a webhook to this host in IPv6', post('{"webhook_urls":["http://[::ffff:127.0.0.1]/"]}'), 400, 'webhook_refused', 'webhook_urls: webhooks may not go to ::ffff:7f00:1: it has a private address (WEBHOOK_ALLOW_PRIVATE=on allows it)'],
  ['a webhook of 3 kB', post(`{"webhook_urls":["https://a.example/${'a'.repeat(3_000)}"]}`), 400, 'body_invalid', 'webhook_urls.0: must have at most 2048 characters'],
  // Parameters and headers
  ['a parameter that does not exist', signed('GET', '/v1/streams?stat=READY'), 400, 'parameter_unknown', '"stat" is no query parameter; did you mean state?'],
  ['a parameter of another call', signed('GET', '/v1/streams/run?limit=5'), 400, 'parameter_unknown', '"limit" is no query parameter; there are none'],
  ['a limit of nothing', signed('GET', '/v1/streams?limit='), 400, 'parameter_invalid', 'limit: must be at least 1'],
  ['a limit of 1e9', signed('GET', '/v1/streams?limit=1e9'), 400, 'parameter_invalid', 'limit: must be at most 1000'],
  ['a limit twice', signed('GET', '/v1/streams?limit=1&limit=2'), 400, 'parameter_invalid', 'limit: must be a whole number'],
  ['a cursor of another\'s making', signed('GET', '/v1/streams?cursor=%7B%7D'), 400, 'parameter_invalid', 'cursor: must be the next_cursor of an earlier page'],
  ['a state that does not exist', signed('GET', '/v1/streams?state=ready'), 400, 'parameter_invalid', 'state.0: must be INITIALISED, READY, STREAMING, STOPPED; repeat it for several'],
  ['a time that no calendar has', signed('GET', '/v1/streams?created_after=2026-02-30T00:00:00Z'), 400, 'parameter_invalid', 'created_after: must be a time as in 2026-11-25T12:00:00Z (RFC 3339)'],
  ['a value without its name', signed('GET', '/v1/streams?metadata_value=x'), 400, 'parameter_invalid', 'metadata_value: must come with metadata_key'],
  ['a prototype in the query', signed('GET', '/v1/streams?__proto__=x'), 400, 'parameter_unknown', '"__proto__" is no query parameter; there are: limit, cursor, state, search, created_after, created_before, metadata_key, metadata_value'],
  ['an Idempotency-Key of 300', post('{}', { 'Idempotency-Key': 'k'.repeat(300) }), 400, 'parameter_invalid', 'idempotency-key: must be 1 to 255 printable ASCII characters'],
];

describe('hostile and malformed requests', () => {
  test.each(rows)('%s', async (_name, bytes, status, code, detail) => {
    const answer = await rawRequest(api.url, typeof bytes === 'string' ? bytes : bytes());
    const body = JSON.parse(answer.body || '{}') as Record<string, unknown>;
    expect({ status: answer.status, code: body.code, detail: body.detail }).toEqual({ status, code, detail });
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const { title, next, retryable } = errorCatalogue[code as keyof typeof errorCatalogue];
    const request_id = answer.headers.get('x-request-id');
    expect(body).toMatchObject({ type: `/docs/errors#${code}`, title, next, status, retryable, request_id });
  });
});
