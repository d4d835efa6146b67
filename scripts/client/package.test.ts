import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../e2e/harness/browser.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../testing/simulatedCluster.ts';
import { installClient } from './installClient.ts';

// The package as an app gets it: packed, installed, without the project around it.

const run = promisify(execFile);
const tsc = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));
let dir: string;
let cluster: SimulatedCluster;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-package-'));
  [cluster] = await Promise.all([startSimulatedCluster(), installClient(dir)]);
});
afterAll(async () => {
  await cluster.stop();
  await rm(dir, { recursive: true, force: true });
});

const installed = (...path: string[]): string => join(dir, 'node_modules/@livetran/client', ...path);

test('it has its code, types, readme and licence, and needs no other package', async () => {
  expect((await readdir(installed())).toSorted()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
  const files = await readdir(installed('dist'));
  expect(files.filter(name => !/\.(d\.ts|js)$/.test(name) || name.includes('.test.'))).toEqual([]);
  expect(JSON.parse(await readFile(installed('package.json'), 'utf8'))).not.toHaveProperty('dependencies');
});

test("a TypeScript app without Node's types compiles, and a wrong field does not", async () => {
  const app = (field: string): string => `import { Livetran, type Stream } from '@livetran/client';
    const livetran = new Livetran({ url: 'https://live.example', secret: 's' });
    const stream: Stream = await livetran.streams.create({ stream_id: 'a', ${field}: true });
    export const state: 'INITIALISED' | 'READY' | 'STREAMING' | 'STOPPED' = stream.state;`;
  const options = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2022',
  ];
  const check = async (text: string): Promise<string> => {
    await writeFile(join(dir, 'app.mts'), text);
    const args = [...options, '--lib', 'es2022,dom', '--types', '', 'app.mts'];
    return run(tsc, args, { cwd: dir }).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    );
  };
  expect(await check(app('record'))).toBe('');
  expect(await check(app('recrod'))).toContain("'recrod' does not exist in type 'StartStream'");
});

test('a program starts a stream and follows it', async () => {
  await writeFile(
    join(dir, 'app.mjs'),
    `import { Livetran } from '@livetran/client';
    const livetran = new Livetran({ url: process.env.API_URL, secret: process.env.HMAC_SECRET });
    await livetran.streams.create({ stream_id: 'packed' });
    for await (const { reason } of livetran.streams.events('packed')) if (reason === 'playable') break;
    await livetran.streams.stop('packed');
    console.log((await livetran.streams.waitFor('packed', ({ state }) => state === 'STOPPED')).reason);`,
  );
  const env = { ...process.env, API_URL: cluster.url, HMAC_SECRET: cluster.secret };
  const { stdout } = await run(process.execPath, ['app.mjs'], { cwd: dir, env });
  expect(stdout.trim()).toBe('user_stop');
});

/** What a page of an app does with the client; the test reads its result. */
const page = (url: string, secret: string): string => `<title>app</title><script type="module">
  import { Livetran, verifyWebhook } from '/index.js';
  const livetran = new Livetran(${JSON.stringify({ url, secret })});
  const { stream_id } = await livetran.streams.create({ stream_id: 'browser' });
  for await (const { reason } of livetran.streams.events(stream_id)) if (reason === 'playable') break;
  const { code, requestId } = await livetran.streams.get('nobody').catch(error => error);
  const received = { signature: 't=1,v1=${'a'.repeat(64)}', path: '/', body: '' };
  const { name } = await verifyWebhook(received, 's', { now: () => 1000 }).catch(error => error);
  window.seen = { stream_id, code, hasRequestId: requestId.startsWith('req_'), name };
</script>`;

test('in a browser, from another origin, it signs, follows events and checks webhooks as in Node', async () => {
  const server = createServer(async (request, response) => {
    const isPage = request.url === '/';
    response.setHeader('content-type', isPage ? 'text/html' : 'text/javascript');
    const code = isPage ? page(cluster.url, cluster.secret) : readFile(installed('dist', request.url ?? ''), 'utf8');
    response.end(await Promise.resolve(code).catch(() => ''));
  }).listen(0, '127.0.0.1');
  const browser = await startBrowser();
  try {
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await tab.waitForFunction('window.seen', undefined, { timeout: 20_000 });
    expect(await tab.evaluate('window.seen')).toEqual({
      ...{ stream_id: 'browser', code: 'stream_not_found', hasRequestId: true, name: 'WebhookSignatureError' },
    });
  } finally {
    await browser.close();
    server.close();
  }
});
