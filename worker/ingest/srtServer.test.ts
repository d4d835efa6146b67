import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SrtServer } from './srtServer.ts';
import { callOnce, callRepeatedly } from './testing/callRepeatedly.ts';
import { freeUdpPort, holdUdpPort } from './testing/freeUdpPort.ts';
import { startEncoder } from './testing/startEncoder.ts';
import { openTestListener, recordingLogger } from './testing/testListener.ts';

const TIMEOUT = 30_000;
const logger = recordingLogger();
let host: SrtServer;

beforeEach(async () => {
  host = await SrtServer.start({ log: logger.log });
});
afterEach(() => host.stop());

describe('who gets in', () => {
  test('refused callers get a code that says why, and the encoder that is live is undisturbed', {
    timeout: TIMEOUT,
  }, async () => {
    const listener = await openTestListener(host);
    const encoder = startEncoder(listener.url);
    const publisher = await listener.next();
    await once(publisher.media, 'data');
    expect(await callOnce(listener.port, listener.forged)).toBe(1401);
    expect(await callOnce(listener.port, listener.good)).toBe(1409);
    expect(await callOnce(listener.port, listener.good.replace('publish', 'request'))).toBe(1405);
    expect(await callOnce(listener.port, listener.good.replace('rid=live', 'rid=other'))).toBe(1403);
    expect(await callOnce(listener.port, '')).toBe(1400);
    await once(publisher.media, 'data');
    expect(publisher.stats()).toMatchObject({ pktRcvDropTotal: 0, pktRcvUndecryptTotal: 0 });
    await listener.close();
    expect(await encoder.exited).not.toBe(0);
    expect(await publisher.ended).toMatchObject({ reason: 'closed' });
    expect(JSON.stringify(listener.log)).not.toMatch(/eyJ/);
  });

  test('an exception in admit refuses, since libsrt would let the caller in', { timeout: TIMEOUT }, async () => {
    const listener = await openTestListener(host, {
      admit: () => {
        throw new Error('a bug');
      },
    });
    expect(await callOnce(listener.port, listener.good)).toBe(1500);
    expect(listener.log).toContainEqual(expect.objectContaining({ code: 1500, peer: expect.stringMatching(/^127/) }));
  });

  test('an encoder that hung up may come back at once', { timeout: TIMEOUT }, async () => {
    const listener = await openTestListener(host);
    expect(await callRepeatedly({ port: listener.port, streamId: listener.good, times: 3 })).toMatchObject({
      codes: { 0: 3 },
    });
  });

  test('two good callers at the same moment: one is live, the other gets 1409 or is cut off', {
    timeout: TIMEOUT,
  }, async () => {
    const listener = await openTestListener(host);
    const encoders = [startEncoder(listener.url), startEncoder(listener.url)];
    const publisher = await listener.next();
    await Promise.race(encoders.map(encoder => encoder.exited));
    await once(publisher.media, 'data');
    expect(listener.log).toEqual([expect.objectContaining({ code: 1409, refused: 1 })]);
    await listener.close();
    await Promise.all(encoders.map(encoder => encoder.exited));
  });

  test('an IPv4 caller of a dual-stack listener is shown with its IPv4 address', { timeout: TIMEOUT }, async () => {
    const listener = await openTestListener(host, { bind: '::' });
    const [publisher, code] = await Promise.all([listener.next(), callOnce(listener.port, listener.good)]);
    expect(code).toBe(0);
    expect(publisher.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(publisher.streamId).toBe(listener.good);
  });
});

test('the same caller gets in again while its last connection is silent, before that is given up', {
  timeout: TIMEOUT,
}, async () => {
  const listener = await openTestListener(host);
  const encoder = startEncoder(listener.url);
  const publisher = await listener.next();
  await once(publisher.media, 'data');
  expect(await callOnce(listener.port, listener.good)).toBe(1409);
  encoder.kill('SIGSTOP');
  const silentSince = performance.now();
  while ((await callOnce(listener.port, listener.good)) !== 0)
    expect(performance.now() - silentSince).toBeLessThan(1_800);
  expect((await publisher.ended).reason).toBe('replaced');
  encoder.kill('SIGKILL');
  await encoder.exited;
});

describe('ports', () => {
  test('a port held by another program is port_unavailable, and can be opened when it is free', async () => {
    const port = await freeUdpPort();
    const holder = await holdUdpPort(port);
    for (const bind of ['127.0.0.1', '0.0.0.0']) {
      await expect(openTestListener(host, { port, bind })).rejects.toMatchObject({
        code: 'port_unavailable',
        message: expect.stringContaining(`UDP port ${port} on ${bind}`),
      });
    }
    holder.close();
    await once(holder, 'close');
    await expect(openTestListener(host, { port })).resolves.toMatchObject({ port });
  });

  test('a port that this host has open already is port_unavailable', async () => {
    const { port } = await openTestListener(host);
    await expect(openTestListener(host, { port })).rejects.toMatchObject({ code: 'port_unavailable' });
    await expect(openTestListener(host, { port, bind: '0.0.0.0' })).rejects.toMatchObject({ code: 'port_unavailable' });
  });

  test('an address that is not of this host is listener_error', async () => {
    await expect(openTestListener(host, { bind: '192.0.2.1' })).rejects.toMatchObject({
      code: 'listener_error',
      message: expect.stringContaining('192.0.2.1 is not an address of this host'),
    });
  });

  test('a closed port can be opened again at once, ten times', { timeout: TIMEOUT }, async () => {
    const port = await freeUdpPort();
    for (let i = 0; i < 10; i += 1) {
      const listener = await openTestListener(host, { port });
      if (i === 9) expect(await callOnce(port, listener.forged)).toBe(1401);
      await Promise.all([listener.close(), listener.close()]);
    }
  });

  test('a stopped host opens nothing', async () => {
    await host.stop();
    await host.stop();
    await expect(openTestListener(host)).rejects.toMatchObject({ code: 'listener_error' });
  });
});

describe('callers that try again and again', () => {
  test('100 refusals a second are one log line a second', { timeout: TIMEOUT }, async () => {
    const listener = await openTestListener(host);
    const calls = await callRepeatedly({ port: listener.port, streamId: listener.forged, times: 300, perSecond: 100 });
    await listener.close();
    expect(calls.codes).toEqual({ 1401: 300 });
    expect(listener.log.length).toBeLessThanOrEqual(Math.ceil(calls.seconds) + 2);
    expect(listener.log.reduce((sum, line) => sum + Number(line.refused), 0)).toBe(300);
  });

  test('listeners close while refusals are queued', { timeout: TIMEOUT }, async () => {
    const listeners = await Promise.all([openTestListener(host), openTestListener(host), openTestListener(host)]);
    const over = new AbortController();
    const floods = listeners.map(({ port, forged }) =>
      callRepeatedly({ port, streamId: forged, times: 10_000, signal: over.signal }).catch(error => error.name),
    );
    for (const listener of listeners) {
      await vi.waitUntil(() => listener.log.length > 0, { timeout: 10_000, interval: 5 });
      keepBusy();
      await listener.close();
    }
    over.abort();
    expect(await Promise.all(floods)).toEqual(['AbortError', 'AbortError', 'AbortError']);
  });
});

/** Keeps the event loop busy long enough for hooks to queue up behind it. */
function keepBusy(): void {
  const until = performance.now() + 50;
  while (performance.now() < until);
}
