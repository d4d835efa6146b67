import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startEncoder } from '../../worker/ingest/testing/startEncoder.ts';
import { startListener } from './listener.ts';
import { startTestRouter, type TestRouter } from './testRouter.ts';

// One router on `::`: real FFmpegs call by IPv4 and by IPv6, and are passed on to workers of either kind.

let cluster: TestRouter;
let dir: string;
const begun: { kill(signal: NodeJS.Signals): void }[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-router-'));
  cluster = await startTestRouter({ env: { ROUTER_BIND: '::', ROUTER_HOST: '::1' } });
});
afterAll(async () => {
  await cluster?.stop();
  await rm(dir, { recursive: true, force: true });
});
afterEach(() => {
  for (const process of begun.splice(0)) process.kill('SIGKILL');
});

test.each([
  ['::1', '127.0.0.1'],
  ['127.0.0.1', '::1'],
])('an encoder that calls %s publishes to a worker at %s', async (called, workerHost) => {
  const streamId = `from-${called}-to-${workerHost}`.replaceAll(/[.:]/g, '_');
  const stream = await cluster.stream(streamId);
  expect(stream.url).toContain(`srt://[::1]:${cluster.port}?`);
  const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);
  const listener = await startListener(join(dir, `${streamId}.ts`), { host: inUrl(workerHost) });
  begun.push(listener.child);
  await stream.own(listener.port, workerHost);
  const encoder = startEncoder(stream.url.replace('[::1]', inUrl(called)), { seconds: 60 });
  begun.push(encoder);
  await listener.received(20_000);
});
