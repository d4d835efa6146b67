import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { callOnce, callRepeatedly } from '../../worker/ingest/testing/callRepeatedly.ts';
import { startEncoder, type TestEncoder } from '../../worker/ingest/testing/startEncoder.ts';
import { startListener } from './listener.ts';
import { startTestRouter, type TestRouter } from './testRouter.ts';

let cluster: TestRouter;
let dir: string;
const begun: { kill(signal: NodeJS.Signals): void }[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-router-'));
  cluster = await startTestRouter();
});
afterAll(async () => {
  await cluster?.stop();
  await rm(dir, { recursive: true, force: true });
});
afterEach(() => {
  for (const process of begun.splice(0)) process.kill('SIGKILL');
});

async function listen(name: string, options: { port?: number; passphrase?: string } = {}) {
  const listener = await startListener(join(dir, name), options);
  begun.push(listener.child);
  return { ...listener, file: join(dir, name) };
}

function publish(url: string, seconds = 60): TestEncoder {
  const encoder = startEncoder(url, { seconds });
  begun.push(encoder);
  return encoder;
}

/** Continuity counters of the picture's packets that do not follow each other; null packets and the like left out. */
function jumps(ts: Buffer): number {
  const last = new Map<number, number>();
  let found = 0;
  for (let at = 0; at + 188 <= ts.length; at += 188) {
    const pid = ts.readUInt16BE(at + 1) & 0x1fff;
    const counter = (ts[at + 3] ?? 0) & 0x0f;
    const hasPayload = ((ts[at + 3] ?? 0) & 0x10) !== 0;
    const before = last.get(pid);
    if (pid !== 0x1fff && hasPayload && before !== undefined && counter !== ((before + 1) & 0x0f)) found += 1;
    if (hasPayload) last.set(pid, counter);
  }
  return found;
}

describe('who gets through', () => {
  test('an encoder publishes by the one address, and its whole stream arrives', async () => {
    const stream = await cluster.stream('whole');
    const listener = await listen('whole.ts');
    await stream.own(listener.port);
    expect(await publish(stream.url, 3).exited).toBe(0);
    await listener.child.exited;
    const media = await readFile(listener.file);
    expect(media.length).toBeGreaterThan(100_000);
    expect(jumps(media)).toBe(0);
  });

  test('what is encrypted passes unread', async () => {
    const stream = await cluster.stream('secret');
    const listener = await listen('secret.ts', { passphrase: 'ten letters' });
    await stream.own(listener.port);
    expect(await publish(`${stream.url}&passphrase=ten letters`, 2).exited).toBe(0);
    await listener.received(50_000);
    expect((await readFile(listener.file))[0]).toBe(0x47);
  });

  test('callers are refused with a code that says why', async () => {
    const stream = await cluster.stream('codes');
    const forged = stream.streamIdText.replace(/.$/, '!');
    expect(await callOnce(cluster.port, '')).toBe(1400);
    expect(await callOnce(cluster.port, forged)).toBe(1401);
    expect(await callOnce(cluster.port, stream.streamIdText.replace('rid=codes', 'rid=other'))).toBe(1403);
    expect(await callOnce(cluster.port, stream.streamIdText.replace('publish', 'request'))).toBe(1405);
    await stream.stop();
    expect(await callOnce(cluster.port, stream.streamIdText)).toBe(1404);
    const again = await cluster.stream('codes');
    expect(await callOnce(cluster.port, stream.streamIdText)).toBe(1410);
    await again.stop();
  });

  test("a worker's own refusal arrives with its code", async () => {
    const stream = await cluster.stream('mute');
    // A listener that knows no passphrase refuses a caller that has none with libsrt's own reason 11.
    const listener = await listen('mute.ts', { passphrase: 'ten letters' });
    await stream.own(listener.port);
    expect(await callOnce(cluster.port, stream.streamIdText)).toBe(11);
  });

  test('refused callers that try again and again are one log line a second', async () => {
    const lines = () => cluster.log.filter(line => line.msg === 'SRT callers refused').length;
    const before = lines();
    const { codes, seconds } = await callRepeatedly({ port: cluster.port, streamId: 'nonsense', times: 200 });
    expect(codes).toEqual({ 1400: 200 });
    expect(lines() - before).toBeLessThanOrEqual(seconds + 2);
  });
});

describe('a stream that has no worker yet', () => {
  test('its caller is held, and let in as soon as there is one', async () => {
    const stream = await cluster.stream('early');
    const listener = await listen('early.ts');
    const calling = callOnce(cluster.port, stream.streamIdText);
    await new Promise(resolve => setTimeout(resolve, 700));
    await stream.own(listener.port);
    expect(await calling).toBe(0);
  });

  test('its caller is answered before it gives up', async () => {
    const stream = await cluster.stream('never');
    const { codes, seconds } = await callRepeatedly({
      port: cluster.port,
      streamId: stream.streamIdText,
      times: 1,
    });
    expect(codes).toEqual({ 1503: 1 });
    expect(seconds).toBeLessThan(3);
  });
});

describe('a worker that is lost', () => {
  test('its encoder stays connected and goes on at the next worker, encrypted as before; no packet is missing', async () => {
    const stream = await cluster.stream('moved');
    const secret = { passphrase: 'ten letters' };
    const [first, second] = [await listen('moved-1.ts', secret), await listen('moved-2.ts', secret)];
    await stream.own(first.port);
    const encoder = publish(`${stream.url}&passphrase=ten letters`);
    await first.received(150_000);
    first.child.kill('SIGKILL');
    await first.child.exited;
    expect(await cluster.redis.hget('livetran:stream:moved', 'owner')).toMatch(/^process\//);
    await expect.poll(() => cluster.redis.hget('livetran:stream:moved', 'owner')).toBe('process/dead');
    await stream.own(second.port);
    await second.received(300_000);
    encoder.kill('SIGINT');
    await encoder.exited;
    await second.child.exited;
    const [before, after] = await Promise.all([readFile(first.file), readFile(second.file)]);
    expect(jumps(after)).toBe(0);
    // The second begins with packets that the first one had.
    const overlap = before.indexOf(after.subarray(0, 1_316));
    expect(overlap).toBeGreaterThanOrEqual(0);
    const had = before.subarray(overlap, before.length - (before.length % 188));
    expect(after.subarray(0, had.length).equals(had)).toBe(true);
  });

  test('one that is frozen is left after half a second', async () => {
    const stream = await cluster.stream('frozen');
    const [first, second] = [await listen('frozen-1.ts'), await listen('frozen-2.ts')];
    await stream.own(first.port);
    publish(stream.url);
    await first.received(100_000);
    first.child.kill('SIGSTOP');
    await expect.poll(() => cluster.redis.hget('livetran:stream:frozen', 'owner')).toBe('process/dead');
    await stream.own(second.port);
    await second.received(100_000);
    expect(jumps(await readFile(second.file))).toBe(0);
  });

  test('a stream that was stopped meanwhile ends its encoder at once', async () => {
    const stream = await cluster.stream('ended');
    const listener = await listen('ended.ts');
    await stream.own(listener.port);
    const encoder = publish(stream.url);
    await listener.received(50_000);
    await stream.stop();
    listener.child.kill('SIGTERM');
    const begin = performance.now();
    await encoder.exited;
    expect(performance.now() - begin).toBeLessThan(4_000);
  });
});
