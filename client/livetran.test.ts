import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deriveWebhookSecret } from '../common/webhooks/deriveWebhookSecret.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../scripts/testing/simulatedCluster.ts';
import { ApiError, Livetran, type StreamEvent, verifyWebhook, type WebhookEvent } from './index.ts';

// Against a real API, a real Redis and a worker without media.

let cluster: SimulatedCluster;
let livetran: Livetran;
let receiver: Server;
let webhookUrl: string;
const webhooks: WebhookEvent[] = [];

beforeAll(async () => {
  cluster = await startSimulatedCluster();
  livetran = new Livetran(cluster);
  receiver = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    const received = { signature: String(request.headers['lt-signature']), path: request.url ?? '', body };
    webhooks.push(await verifyWebhook(received, ['an older secret', deriveWebhookSecret(cluster.secret)]));
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks?of=test`;
});
afterAll(async () => {
  receiver.close();
  await cluster.stop();
});

test('an app starts a stream, gets its webhooks, plays it, and stops it', async () => {
  const created = await livetran.streams.create({ stream_id: 'show', webhook_urls: [webhookUrl] });
  expect(created).toMatchObject({ stream_id: 'show', webhook_urls: [webhookUrl] });
  const ready = await livetran.streams.waitFor('show', ({ srt_url }) => srt_url);
  expect(ready.srt_url).toMatch(/^srt:\/\/127\.0\.0\.1:\d+\?streamid=/);
  const live = await livetran.streams.waitFor('show', ({ stream_link }) => stream_link);
  expect(live).toMatchObject({ state: 'STREAMING', stream_link: expect.stringMatching(/show\.m3u8$/) });
  await livetran.streams.stop('show');
  const stopped = await livetran.streams.waitFor('show', ({ state }) => state === 'STOPPED');
  expect(stopped.reason).toBe('user_stop');
  await expect.poll(() => webhooks.at(-1)?.Reason).toBe('user_stop');
  const mine = webhooks.filter(({ StreamId }) => StreamId === 'show');
  expect(mine.map(({ Status }) => Status)).toEqual(expect.arrayContaining(['READY', 'STREAMING', 'STOPPED']));
  expect(mine.find(({ Reason }) => Reason === 'playable')?.StreamLink).toBe(live.stream_link);
});

test('follows the changes of a stream, over its end and its next run', async () => {
  await livetran.streams.create({ stream_id: 'twice' });
  const abort = new AbortController();
  const events: StreamEvent[] = [];
  const done = (async () => {
    for await (const event of livetran.streams.events('twice', { signal: abort.signal })) events.push(event);
  })();
  await expect.poll(() => events.at(-1)?.reason).toBe('playable');
  await livetran.streams.stop('twice');
  await expect.poll(() => events.at(-1)?.state).toBe('STOPPED');
  await livetran.streams.create({ stream_id: 'twice' });
  await expect.poll(() => events.at(-1)?.reason).toBe('playable');
  abort.abort();
  await done;
  const sequences = events.map(({ sequence }) => sequence);
  expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(events.length);
  expect(new Set(events.map(({ run }) => run)).size).toBe(2);
  await livetran.streams.stop('twice');
});

test('lists streams, routers and workers', async () => {
  await livetran.streams.create({ stream_id: 'listed' });
  const ids = [];
  for await (const { stream_id } of livetran.streams.list()) ids.push(stream_id);
  expect(ids).toContain('listed');
  expect(await livetran.routers()).toEqual([]);
  await expect.poll(async () => (await livetran.workers()).map(({ node }) => node)).toEqual(['test']);
  await livetran.streams.stop('listed');
});

test('follows the changes of all streams, and goes on after an event', async () => {
  const abort = new AbortController();
  const seen: Awaited<ReturnType<ReturnType<Livetran['events']>['next']>>['value'][] = [];
  const follow = async (lastEventId?: string): Promise<void> => {
    const options = { signal: abort.signal, ...(lastEventId !== undefined && { lastEventId }) };
    for await (const event of livetran.events(options)) seen.push(event);
  };
  const done = follow();
  // It begins when the connection is open: the first stream may be too early for it.
  await expect
    .poll(async () => {
      const { stream_id: id } = await livetran.streams.create({});
      await livetran.streams.stop(id);
      return seen.length;
    })
    .toBeGreaterThan(0);
  await livetran.streams.create({ stream_id: 'after' });
  await expect.poll(() => seen.some(event => event.stream_id === 'after' && event.reason === 'playable')).toBe(true);
  const of = () => seen.filter(({ stream_id }) => stream_id === 'after').map(({ event_id }) => event_id);
  const all = of();
  const first = seen.find(({ stream_id }) => stream_id === 'after');
  seen.length = 0;
  const again = follow(first.position);
  await expect.poll(() => new Set(of()).size).toBeGreaterThanOrEqual(all.length - 1);
  expect(of()).not.toContain(all[0]);
  await livetran.streams.stop('after');
  abort.abort();
  await Promise.all([done, again]);
});

test('makes a token with which a page follows events', async () => {
  await livetran.streams.create({ stream_id: 'page' });
  const { path } = await livetran.createEventToken({ stream_id: 'page' });
  const abort = new AbortController();
  const answer = await fetch(`${cluster.url}${path}`, { signal: abort.signal });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  abort.abort();
  await livetran.streams.stop('page');
});

test('changes a stream, finds it by state and metadata, and ends it at once', async () => {
  const { stream_id: id } = await livetran.streams.create({ metadata: { room: '5' } });
  expect(await livetran.streams.update(id, { title: 'News' })).toMatchObject({
    title: 'News',
    metadata: { room: '5' },
  });
  const found = livetran.streams.list({ state: ['READY', 'STREAMING'], metadata_key: 'room', metadata_value: '5' });
  expect((await Array.fromAsync(found)).map(({ stream_id }) => stream_id)).toEqual([id]);
  await livetran.streams.complete(id);
  await livetran.streams.waitFor(id, ({ state }) => state === 'STOPPED');
});

test('a list has all its pages', async () => {
  const ids = ['page-1', 'page-2', 'page-3'];
  for (const id of ids) await livetran.streams.create({ stream_id: id, metadata: { of: 'pages' } });
  const found = await Array.fromAsync(livetran.streams.list({ metadata_key: 'of', limit: 1 }));
  expect(found.map(({ stream_id }) => stream_id)).toEqual(ids.toReversed());
  for (const id of ids) await livetran.streams.stop(id);
});

test('makes, lists and revokes API keys', async () => {
  const key = await livetran.keys.create({ scopes: ['streams:read'] });
  const reader = new Livetran({ url: cluster.url, secret: key.secret, keyId: key.id });
  expect(await Array.fromAsync(reader.streams.list({ limit: 1, state: ['INITIALISED'] }))).toEqual([]);
  await expect(reader.streams.create({})).rejects.toMatchObject({ status: 403, code: 'forbidden' });
  expect((await livetran.keys.list()).map(({ id }) => id)).toContain(key.id);
  await livetran.keys.revoke(key.id);
  await expect.poll(() => reader.streams.get('x').catch(error => (error as ApiError).status)).toBe(403);
});

test('waiting ends when the stream does, and when it is aborted', async () => {
  await livetran.streams.create({ stream_id: 'short' });
  const never = livetran.streams.waitFor('short', () => false);
  await livetran.streams.stop('short');
  await expect(never).rejects.toThrow(/^short is STOPPED \(user_stop\): /);
  const signal = AbortSignal.abort(new Error('the program ends'));
  await expect(livetran.streams.waitFor('short', () => false, { signal })).rejects.toThrow('the program ends');
});

test('errors have the code of the catalogue and the id of the request', async () => {
  const missing = await livetran.streams.get('nobody').catch((error: unknown) => error);
  expect(missing).toBeInstanceOf(ApiError);
  expect(missing).toMatchObject({ status: 404, code: 'stream_not_found', retryable: false });
  expect(missing).toHaveProperty('requestId', expect.stringMatching(/^req_/));
  await livetran.streams.create({ stream_id: 'one' });
  await expect(livetran.streams.create({ stream_id: 'one' })).rejects.toMatchObject({ code: 'stream_running' });
  await expect(livetran.streams.create({ stream_id: '../x' })).rejects.toMatchObject({
    ...{ code: 'body_invalid', problem: { errors: [{ name: 'stream_id', rule: expect.any(String) }] } },
  });
  const stranger = new Livetran({ ...cluster, secret: 'another secret of any length' });
  await expect(stranger.streams.get('one')).rejects.toMatchObject({ status: 403, code: 'signature_invalid' });
  await livetran.streams.stop('one');
});
