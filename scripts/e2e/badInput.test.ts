import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import jwt from 'jsonwebtoken';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { signBody } from '../../common/signature.ts';
import { assertNothingLeft } from './harness/assertNothingLeft.ts';
import { startChild } from './harness/childProcess.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { startEncoder } from './harness/encoder.ts';
import { waitFor } from './harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from './harness/webhookReceiver.ts';

let cluster: Cluster;
let app: WebhookReceiver;

beforeAll(async () => {
  cluster = await startCluster({ env: { CONNECT_TIMEOUT_SECONDS: '4' } });
  app = await startWebhookReceiver(cluster.hmacSecret);
});
afterEach(() => assertNothingLeft(cluster));
afterAll(async () => {
  await cluster?.stop();
  await app?.close();
});

describe('requests', () => {
  const start = '/api/start-stream';
  const good = JSON.stringify({ stream_id: 'bad-request' });

  test.each<[string, () => { body: string; signature?: string }, number, RegExp]>([
    ['unsigned', () => ({ body: good }), 400, /LT-SIGNATURE/],
    [
      'wrongly signed',
      () => ({ body: good, signature: signBody(good, 'another-secret-0123456789') }),
      403,
      /signature/i,
    ],
    [
      'signature of another body',
      () => ({ body: good, signature: signBody('{}', cluster.hmacSecret) }),
      403,
      /signature/i,
    ],
    ['malformed JSON', () => signed('{"stream_id":'), 400, /JSON/],
    ['no stream_id', () => signed('{}'), 400, /stream_id/],
    ['a path as stream_id', () => signed('{"stream_id":"../etc"}'), 400, /1 to 64 of A-Z a-z 0-9 _ -/],
    ['a stream_id of 65 letters', () => signed(JSON.stringify({ stream_id: 'x'.repeat(65) })), 400, /1 to 64/],
    ['a body of 1 MB', () => signed(JSON.stringify({ stream_id: 'x', pad: 'x'.repeat(1_000_000) })), 413, /large|kB/i],
    ['a webhook that is no URL', () => signed('{"stream_id":"x","webhook_urls":["nope"]}'), 400, /webhook_urls/],
  ])('%s', async (_name, request, status, message) => {
    const { body, signature } = request();
    const answer = await cluster.client.raw('POST', start, body, signature ? { 'lt-signature': signature } : {});
    expect(answer).toMatchObject({ status, body: { success: false, error: expect.stringMatching(message) } });
    expect(await cluster.client.stream('bad-request')).toBeUndefined();
  });

  test('an unknown stream, and one that runs already', async () => {
    expect(await cluster.client.stop('nobody')).toEqual({
      status: 400,
      body: { success: false, error: 'Task not found' },
    });
    expect(await cluster.client.status('nobody')).toEqual({
      status: 400,
      body: { success: false, error: 'Task not found' },
    });
    await cluster.client.start('twice');
    expect(await cluster.client.start('twice')).toMatchObject({ status: 409, body: { success: false } });
    await cluster.client.stop('twice');
    await cluster.client.inState('twice', 'STOPPED');
  });

  const signed = (body: string) => ({ body, signature: signBody(body, cluster.hmacSecret) });
});

describe('encoders', () => {
  test.each<[string, (streamId: string) => string]>([
    ['forged', id => jwt.sign({ stream_id: id }, 'not-the-secret-0123456789', { expiresIn: 60 })],
    ['expired', id => jwt.sign({ stream_id: id, exp: Math.floor(Date.now() / 1000) - 5 }, cluster.jwtSecret)],
    ['of another stream', () => jwt.sign({ stream_id: 'another' }, cluster.jwtSecret, { expiresIn: 60 })],
  ])('a stream key that is %s is refused, the stream waits on and ends with connect_timeout', async (kind, mint) => {
    const id = `key-${kind.replaceAll(' ', '-')}`;
    await cluster.client.start(id, { webhook_urls: [app.url] });
    const { srt_url: srtUrl } = await cluster.client.inState(id, 'READY');
    const forged = String(srtUrl).replace(/token=.*/, `token=${mint(id)}`);
    const encoder = startEncoder({ srtUrl: forged });
    await encoder.exited;
    expect(encoder.text.join('\n')).toMatch(/rejection reason|Input\/output error/);
    const stopped = await cluster.client.inState(id, 'STOPPED');
    expect(stopped.reason).toBe('connect_timeout');
    expect(app.received.filter(event => event.StreamId === id).map(event => event.Status)).not.toContain('STREAMING');
  });

  test('a second encoder is refused while the first one goes on', async () => {
    await cluster.client.start('second');
    const { srt_url: srtUrl } = await cluster.client.inState('second', 'READY');
    const first = startEncoder({ srtUrl: String(srtUrl) });
    await cluster.client.inState('second', 'STREAMING');
    const second = startEncoder({ srtUrl: String(srtUrl) });
    await second.exited;
    await cluster.client.link('second');
    expect((await cluster.client.stream('second'))?.state).toBe('STREAMING');
    await cluster.client.stop('second');
    await cluster.client.inState('second', 'STOPPED');
    await first.exited;
  });

  test('garbage instead of MPEG-TS: reported, and the stream gets no more time', async () => {
    await cluster.client.start('garbage', { webhook_urls: [app.url] });
    const { srt_url: srtUrl } = await cluster.client.inState('garbage', 'READY');
    const garbage = ['-f', 'lavfi', '-i', 'anoisesrc=r=48000', '-f', 's16le', '-c:a', 'pcm_s16le'];
    const caller = startChild('ffmpeg', [
      '-hide_banner',
      '-nostdin',
      '-loglevel',
      'warning',
      '-re',
      ...garbage,
      String(srtUrl),
    ]);
    const stopped = await cluster.client.inState('garbage', 'STOPPED', 40_000);
    expect(stopped.reason).toBe('connect_timeout');
    await waitFor('webhooks', () => app.received.some(e => e.StreamId === 'garbage' && e.Status === 'STOPPED'));
    const told = app.received.filter(event => event.StreamId === 'garbage');
    expect(told.map(event => event.Reason)).toContain('input_invalid');
    expect(told.find(event => event.Reason === 'input_invalid')?.Update).toMatch(/MPEG-TS/);
    await caller.stop();
  });
});

describe('the host', () => {
  test('all ports taken: STOPPED ports_exhausted, reported', async () => {
    const sockets: Socket[] = [];
    const small = await startCluster({ env: { SRT_PORTS: `${cluster.ports.last - 1}-${cluster.ports.last}` } });
    try {
      for (const port of [cluster.ports.last - 1, cluster.ports.last]) {
        const socket = createSocket('udp4').bind(port, '127.0.0.1');
        await once(socket, 'listening');
        sockets.push(socket);
      }
      await small.client.start('no-port', { webhook_urls: [app.url] });
      const stopped = await small.client.inState('no-port', 'STOPPED');
      expect(stopped.reason).toBe('ports_exhausted');
      await waitFor('the webhook', () =>
        app.received.some(e => e.StreamId === 'no-port' && e.Reason === 'ports_exhausted'),
      );
      await assertNothingLeft(small);
    } finally {
      for (const socket of sockets) socket.close();
      await small.stop();
    }
  });

  test('wrong storage credentials: STOPPED storage_error with what to check, never a secret', async () => {
    const wrong = await startCluster({ env: { R2_SECRET_KEY: 'wrong-secret-0123456789' } });
    try {
      await wrong.client.start('denied', { webhook_urls: [app.url] });
      const stopped = await wrong.client.inState('denied', 'STOPPED');
      expect(stopped.reason).toBe('storage_error');
      expect(stopped.update).toMatch(/R2_SECRET_KEY|R2_ACCESS_KEY/);
      await waitFor('the webhook', () =>
        app.received.some(e => e.StreamId === 'denied' && e.Reason === 'storage_error'),
      );
      const output = JSON.stringify(wrong.workers.map(worker => [worker.log, worker.text]));
      expect(output).not.toContain('wrong-secret-0123456789');
      await assertNothingLeft(wrong);
    } finally {
      await wrong.stop();
    }
  });

  test.each([
    ['libsrt', { SRT_LIBRARY: '/nowhere/libsrt.so' }, /libsrt/],
    ['FFmpeg', { FFMPEG: '/nowhere/ffmpeg' }, /ffmpeg/i],
  ])('%s missing: the worker does not start and says what to install', async (_name, env, message) => {
    const worker = await cluster.addWorker(env);
    expect((await worker.exited).code).toBe(1);
    expect(worker.text.join('\n')).toMatch(message);
    expect(worker.text.join('\n')).toMatch(/install/);
  });
});
