import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Livetran } from '../../client/index.ts';
import { deriveWebhookSecret } from '../../common/webhooks/deriveWebhookSecret.ts';
import { signWebhook } from '../../common/webhooks/signWebhook.ts';
import { installClient } from '../client/installClient.ts';
import { freePort } from '../lib/freePort.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../testing/simulatedCluster.ts';
import { examplesOf, withExamples } from './exampleBlocks.ts';

// The programs of docs/examples, run as they are, in curl, Node, Python and Go. ./scripts/test installs what they need.

const docs = fileURLToPath(new URL('../../docs', import.meta.url));
const programs: Record<string, readonly [string, ...string[]]> = {
  '.sh': ['bash'],
  '.mjs': [process.execPath],
  '.py': ['python3'],
  '.go': ['go', 'run'],
};
let cluster: SimulatedCluster;
let dir: string;
let env: NodeJS.ProcessEnv;
let webhookSecret: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-examples-'));
  [cluster] = await Promise.all([startSimulatedCluster(), installClient(dir)]);
  webhookSecret = deriveWebhookSecret(cluster.secret);
  const own = { API_URL: cluster.url, HMAC_SECRET: cluster.secret, WEBHOOK_SECRET: webhookSecret };
  env = { ...process.env, ...own, PYTHONUNBUFFERED: '1' };
  for (const name of await readdir(join(docs, 'examples')))
    await copyFile(join(docs, 'examples', name), join(dir, name));
});
afterAll(async () => {
  for (const child of children) {
    if (child.pid && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
  }
  await cluster.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Runs an example; `text()` is what it has printed. `go run` has a child, so each is a process group. */
function start(name: string, more: NodeJS.ProcessEnv) {
  const [program, ...args] = programs[extname(name)] ?? ['no program'];
  const child = spawn(program, [...args, name], { cwd: dir, env: { ...env, ...more }, detached: true });
  const ended = once(child, 'exit');
  // A program that is missing is reported by `ended`.
  ended.catch(() => undefined);
  let text = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', chunk => (text += String(chunk)));
  return { child, ended, text: () => text };
}

/** A receiver of webhooks on a port of its own, once it answers. */
async function startReceiver(name: string): Promise<{ url: string; text: () => string }> {
  const port = await freePort('127.0.0.1');
  const receiver = start(name, { PORT: String(port) });
  children.push(receiver.child);
  const url = `http://127.0.0.1:${port}/hooks`;
  const isUp = () => fetch(url, { method: 'POST', body: '{}' }).then(({ status }) => status, String);
  // Unsigned, so it is refused.
  await expect.poll(isUp, { timeout: 60_000 }).toBe(400);
  return { url, text: receiver.text };
}

test.each([
  ['stream.sh', 'webhooks.mjs'],
  ['stream.mjs', 'webhooks.mjs'],
  ['stream.py', 'webhooks.py'],
  ['stream.go', 'webhooks.go'],
])(
  '%s starts a stream, prints its URLs and stops it; %s gets its webhooks',
  async (app, receiverName) => {
    const receiver = await startReceiver(receiverName);
    const id = app.replace('.', '-');
    const { child, ended, text } = start(app, { STREAM_ID: id, WEBHOOK_URL: receiver.url });
    await expect.poll(text, { timeout: 60_000 }).toMatch(/Viewers: http\S+\.m3u8\n/);
    expect(text()).toMatch(
      new RegExp(`^Encoder: srt://127\\.0\\.0\\.1:\\d+\\?streamid=mode=publish,rid=${id},token=\\S+\n`),
    );
    child.stdin.end('\n');
    expect(await ended, text()).toEqual([0, null]);
    const livetran = new Livetran(cluster);
    const { reason, stream_link } = await livetran.streams.waitFor(id, ({ state }) => state === 'STOPPED');
    expect(reason).toBe('user_stop');
    await expect.poll(receiver.text).toMatch(new RegExp(`^${id} STOPPED user_stop `, 'm'));
    expect(receiver.text()).toContain(`${id} STREAMING playable ${stream_link}\n`);
  },
  120_000,
);

test.each(['webhooks.mjs', 'webhooks.py', 'webhooks.go'])(
  '%s takes webhooks of our secret, and no others',
  async name => {
    const { url } = await startReceiver(name);
    const body = JSON.stringify({
      StreamId: 'a',
      Status: 'READY',
      Reason: 'listening',
      StreamLink: '',
      Update: 'Größe %s',
    });
    const path = '/hooks?of=test';
    const now = Math.floor(Date.now() / 1_000);
    const sign = (secrets: [string, ...string[]], time = now, signedPath = path) =>
      signWebhook({ time, path: signedPath, body }, secrets);
    const send = async (signature: string): Promise<number> =>
      (await fetch(`${url}?of=test`, { method: 'POST', headers: { 'lt-signature': signature }, body })).status;
    expect(await send(sign([webhookSecret]))).toBe(204);
    expect(await send(sign(['another secret', webhookSecret]))).toBe(204);
    for (const signature of [
      sign([cluster.secret]),
      sign([webhookSecret], now - 400),
      sign([webhookSecret], now + 400),
      sign([webhookSecret], now, '/hooks'),
      `${sign([webhookSecret]).slice(0, -1)}x`,
      'nonsense',
    ]) {
      expect(await send(signature), signature).toBe(400);
    }
  },
  120_000,
);

test('the pages of docs/ show these programs as they are', async () => {
  const shown: string[] = [];
  for (const name of (await readdir(docs)).filter(file => file.endsWith('.md'))) {
    const page = await readFile(join(docs, name), 'utf8');
    const files = new Map<string, string>();
    for (const file of examplesOf(page)) files.set(file, await readFile(join(docs, file), 'utf8'));
    const whole = withExamples(page, file => files.get(file) ?? '');
    expect(page, `docs/${name}: run node scripts/docs/writeExamples.ts`).toBe(whole);
    shown.push(...files.keys());
  }
  const all = (await readdir(join(docs, 'examples'))).map(name => `examples/${name}`);
  expect(shown.toSorted()).toEqual(all.toSorted());
});
