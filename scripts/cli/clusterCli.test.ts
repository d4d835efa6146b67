import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyWebhook, type WebhookEvent } from '../../client/index.ts';
import { deriveWebhookSecret } from '../../common/webhooks/deriveWebhookSecret.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../testing/simulatedCluster.ts';
import { runCli } from './runCli.ts';

// The commands against a real API, a real Redis and a worker without media; the program itself in real shells.

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
let cluster: SimulatedCluster;
let dir: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-cli-'));
  cluster = await startSimulatedCluster();
  env = { API_URL: cluster.url, HMAC_SECRET: cluster.secret, DATA_DIR: dir };
});
afterAll(async () => {
  await cluster.stop();
  await rm(dir, { recursive: true, force: true });
});

async function cli(...argv: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  return { code: await runCli(argv, { env, root, terminal }), out, err };
}

const json = (lines: readonly string[]) => lines.map(line => JSON.parse(line) as Record<string, unknown>);

test('a stream from its start to its end', async () => {
  const started = await cli('start', 'show', '--url');
  expect(started).toMatchObject({ code: 0, out: [expect.stringMatching(/^srt:\/\/.*rid=show,token=/)] });
  const watched = cli('watch', 'show', '--json');
  await expect
    .poll(async () => json((await cli('status', 'show', '--json')).out)[0])
    .toMatchObject({ state: 'STREAMING', stream_link: expect.stringContaining('show.m3u8') });
  expect((await cli('list')).out.join('\n')).toMatch(/^show +STREAMING +playable /m);
  await expect.poll(async () => json((await cli('workers', '--json')).out)).toMatchObject([{ node: 'test' }]);
  expect(await cli('start', 'show')).toMatchObject({ code: 1, err: [expect.stringContaining('"show"')] });
  expect(await cli('stop', 'show')).toMatchObject({ code: 0, out: ['show: stopped (user_stop)'] });
  const { code, out } = await watched;
  expect(code).toBe(0);
  expect(json(out).at(-1)).toMatchObject({ state: 'STOPPED', reason: 'user_stop' });
});

test('list finds streams by state and metadata; an id is made where there is none', async () => {
  const { code, out } = await cli('start', '--json', '--title', 'News', '--metadata', 'room=5', '--metadata', 'on=a=b');
  expect(code).toBe(0);
  const [made] = json(out);
  expect(made).toMatchObject({ title: 'News', metadata: { room: '5', on: 'a=b' } });
  const id = String(made?.stream_id);
  const ids = async (...flags: string[]) => json((await cli('list', '--json', ...flags)).out).map(s => s.stream_id);
  expect(await ids('--metadata', 'room=5')).toEqual([id]);
  expect(await ids('--metadata', 'on')).toEqual([id]);
  expect(await ids('--metadata', 'room=6')).toEqual([]);
  expect(await ids('--state', 'READY', 'STREAMING', '--limit', '1')).toEqual([id]);
  expect(await ids('--state', 'INITIALISED')).toEqual([]);
  expect(await cli('stop', id, '--complete', '--json')).toMatchObject({ code: 0 });
});

test('an API key is made, used and revoked', async () => {
  const made = await cli('keys', 'create', '--scope', 'streams:read', '--id', 'reader', '--max-streams', '3', '--json');
  expect(made.code).toBe(0);
  const [key] = json(made.out);
  expect(key).toMatchObject({ id: 'reader', scopes: ['streams:read'], max_streams: 3, secret: expect.any(String) });
  expect((await cli('keys', 'list')).out.join('\n')).toMatch(/^reader +streams:read +3 +api$/m);
  expect((await cli('keys', 'list', '--json')).out.join()).not.toContain(String(key?.secret));
  const reader = { ...env, API_KEY_ID: 'reader', API_KEY_SECRET: String(key?.secret) };
  const as = async (...argv: string[]) => {
    const err: string[] = [];
    const terminal = { out: () => undefined, err: (line: string) => void err.push(line) };
    return { code: await runCli(argv, { env: reader, root, terminal }), err: err.join() };
  };
  expect((await as('list')).code).toBe(0);
  expect(await as('start', 'x')).toMatchObject({ code: 1, err: expect.stringContaining('streams:write') });
  expect(await cli('keys', 'revoke', 'reader')).toMatchObject({ code: 0, out: ['reader: revoked'] });
  await expect.poll(async () => (await as('list')).code).toBe(1);
});

test('a worker is drained and undrained, by its id and by its node', async () => {
  const [worker] = await expect
    .poll(async () => json((await cli('workers', '--json')).out))
    .toMatchObject([{ node: 'test' }])
    .then(async () => json((await cli('workers', '--json')).out));
  const id = String(worker?.id);
  expect(await cli('drain', id, '--wait')).toMatchObject({ code: 0, out: [`${id}: drained, no stream is left`] });
  expect((await cli('workers')).out.join('\n')).toMatch(/ drained$/m);
  expect(await cli('undrain', id)).toMatchObject({ code: 0, out: [`${id}: takes streams again`] });
  expect(await cli('drain', 'test', '--json')).toMatchObject({ code: 0 });
  expect(json((await cli('workers', '--json')).out)).toMatchObject([{ draining: true, drained_by: 'node' }]);
  expect(await cli('undrain', 'test')).toMatchObject({ code: 0, out: ['test: takes streams again'] });
  expect(await cli('drain', 'nobody')).toMatchObject({ code: 1, err: [expect.stringContaining('nobody')] });
});

describe('listen', () => {
  /** `listen` until the test ends it, and what it has printed. */
  function listening(...argv: string[]) {
    const abort = new AbortController();
    const out: string[] = [];
    const err: string[] = [];
    const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
    const ended = runCli(['listen', ...argv], { env, root, terminal, signal: abort.signal });
    const end = (): Promise<number> => {
      abort.abort();
      return ended;
    };
    return { out, err, end };
  }

  /** One whole life of a stream. */
  async function live(id: string): Promise<void> {
    await cli('start', id, '--url');
    await expect.poll(async () => json((await cli('status', id, '--json')).out)[0]?.stream_link).toBeTruthy();
    await cli('stop', id);
  }

  test('forwards every webhook, signed, in order, and prints the answer', async () => {
    const events: WebhookEvent[] = [];
    const receiver = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      const received = { signature: String(request.headers['lt-signature']), path: request.url ?? '', body };
      const event = await verifyWebhook(received, deriveWebhookSecret(cluster.secret)).catch(() => undefined);
      if (event) events.push(event);
      response.writeHead(event ? 200 : 400).end();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const forward = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks?a=1`;
    const { out, err, end } = listening('--forward', forward, '--stream', 'heard');
    await live('heard');
    await live('not-heard');
    await live('heard');
    await expect.poll(() => events.at(-1)?.Reason).toBe('user_stop');
    expect(await end()).toBe(0);
    receiver.close();
    expect(err[0]).toBe(`The webhooks are signed with WEBHOOK_SECRET=${deriveWebhookSecret(cluster.secret)}`);
    expect(new Set(events.map(({ StreamId }) => StreamId))).toEqual(new Set(['heard']));
    expect(events.map(({ Sequence }) => Sequence)).toEqual(
      events.map(({ Sequence }) => Sequence).toSorted((a, b) => a - b),
    );
    expect(out).toHaveLength(events.length);
    expect(out.at(-1)).toMatch(/^\d\d:\d\d:\d\d heard {2}STOPPED {2}user_stop {2}→ 200 \(\d+ ms\)$/);
  });

  test('a receiver that is away is shown as such', async () => {
    const { out, end } = listening('--forward', 'http://127.0.0.1:9/', '--json');
    await live('unheard');
    await expect.poll(() => json(out).map(({ reason }) => reason)).toContain('user_stop');
    await end();
    expect(json(out).at(-1)).toMatchObject({
      stream_id: 'unheard',
      forwarded: { error: expect.stringMatching(/ECONN/) },
    });
  });

  test.each([
    ['ftp://a/', 'must be a URL'],
    ['nonsense', 'must be a URL'],
  ])('--forward %s is wrong usage', async (url, message) => {
    const { code, err } = await cli('listen', '--forward', url);
    expect({ code, err: err.join() }).toEqual({ code: 2, err: expect.stringContaining(message) });
  });
});

test('events of all streams', async () => {
  const abort = new AbortController();
  const out: string[] = [];
  const terminal = { out: (line: string) => void out.push(line), err: () => undefined };
  const ended = runCli(['events'], { env, root, terminal, signal: abort.signal });
  await cli('start', 'one-of-all', '--url');
  await expect
    .poll(() => json(out).find(({ reason }) => reason === 'playable'))
    .toMatchObject({ stream_id: 'one-of-all' });
  await cli('stop', 'one-of-all');
  abort.abort();
  expect(await ended).toBe(0);
});

test('--json prints errors of the API as problem documents', async () => {
  const { code, err } = await cli('status', 'nobody', '--json');
  expect(code).toBe(1);
  expect(json(err)).toMatchObject([{ code: 'stream_not_found', status: 404, request_id: expect.any(String) }]);
});

test('env is what programs need', async () => {
  const { out } = await cli('env');
  const { stdout } = await run('bash', ['-c', `${out.join('\n')}\necho "$API_URL|$HMAC_SECRET|$WEBHOOK_SECRET"`]);
  const webhookSecret = deriveWebhookSecret(cluster.secret);
  expect(stdout.trim()).toBe(`${cluster.url}|${cluster.secret}|${webhookSecret}`);
  const variables = { API_URL: cluster.url, HMAC_SECRET: cluster.secret, WEBHOOK_SECRET: webhookSecret };
  expect(json((await cli('env', '--json')).out)).toEqual([variables]);
});

test('an API key without its secret is wrong usage', async () => {
  const terminal = { out: () => undefined, err: () => undefined };
  expect(await runCli(['list'], { env: { ...env, API_KEY_ID: 'k1' }, root, terminal })).toBe(2);
});

describe('completion', () => {
  /** What a shell with our script offers for a command line. */
  const shells = {
    bash: async (line: string): Promise<string> => {
      const script = `source <(./scripts/livetran completion bash)
        COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _livetran; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return (await run('bash', ['-c', script], { cwd: root, env: { ...process.env, ...env } })).stdout;
    },
    // Outside of its line editor zsh has no compadd: this one prints what the editor would offer.
    zsh: async (line: string): Promise<string> => {
      const script = `autoload -Uz compinit; compinit -u -D; source <(./scripts/livetran completion zsh)
        words=(${line}); CURRENT=$#words; compadd() { print -rl -- \${(@P)2}; }; \${_comps[livetran]}`;
      return (await run('zsh', ['-fc', script], { cwd: root, env: { ...process.env, ...env } })).stdout;
    },
  };

  test.each(['bash', 'zsh'] as const)('%s', async shell => {
    await cli('start', 'completed-1', '--url');
    const offered = shells[shell];
    expect(await offered('./scripts/livetran sta')).toMatch(/start[\s\S]*status|status[\s\S]*start/);
    expect(await offered("./scripts/livetran start x --profile ''")).toContain('ladder-source');
    expect(await offered('./scripts/livetran stop completed-')).toContain('completed-1');
    expect(await offered('./scripts/livetran start x --rec')).toContain('--record');
    await cli('stop', 'completed-1');
  });

  test('hides itself, and offers nothing where nothing can stand', async () => {
    expect((await cli('complete', '--', '')).out).toEqual(expect.arrayContaining(['start', 'completion', 'env']));
    expect((await cli('complete', '--', '')).out).not.toContain('complete');
    expect((await cli('complete', '--', 'list', '')).out).toEqual([]);
    expect((await cli('complete', '--', '--json', 'st')).out).toEqual(['start', 'stop', 'status']);
    expect((await cli('complete', '--', 'start', '--webhook', '')).out).toEqual([]);
    expect((await cli('complete', '--', 'completion', '')).out).toEqual(['bash', 'zsh']);
  });
});

test('a pipe that closes early is no error', async () => {
  const script = './scripts/livetran --help | head -1';
  const { stdout, stderr } = await run('bash', ['-o', 'pipefail', '-c', script], { cwd: root });
  expect({ stdout, stderr }).toEqual({ stdout: 'Usage: livetran [options] [command]\n', stderr: '' });
});

describe('webhooks', () => {
  test('endpoints are added, listed, switched off and removed', async () => {
    const added = await cli('webhooks', 'add', 'http://127.0.0.1:9/hooks', '--event', 'STOPPED', '--json');
    expect(added.code).toBe(0);
    const id = String(json(added.out)[0]?.endpoint_id);
    expect((await cli('webhooks', 'endpoints')).out.join('\n')).toMatch(/^we_\S+ +yes +STOPPED +http:/m);
    expect((await cli('webhooks', 'disable', id)).out.join('\n')).toMatch(/^we_\S+ +no +STOPPED/m);
    expect(await cli('webhooks', 'remove', id)).toMatchObject({ code: 0, out: [`${id}: removed`] });
    expect(await cli('webhooks', 'endpoints')).toMatchObject({ code: 0, out: ['no endpoint'] });
    expect(await cli('webhooks', 'remove', id)).toMatchObject({ code: 1, err: [expect.stringContaining(id)] });
  });

  test('deliveries are shown and sent once more', async () => {
    const received: string[] = [];
    const receiver = createServer((request, response) => {
      received.push(String(request.headers['idempotency-key']));
      request.resume().on('end', () => response.end('ok'));
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    try {
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
      await cli('start', 'hooked', '--webhook', url, '--url');
      const delivered = async () => json((await cli('webhooks', 'deliveries', 'hooked', '--json')).out);
      const first = async () => (await delivered()).at(-1);
      await expect.poll(async () => (await first())?.status, { timeout: 20_000 }).toBe('delivered');
      const { delivery_id: id, event_id: event } = (await first()) ?? {};
      expect(await cli('webhooks', 'redeliver', 'hooked', String(id))).toMatchObject({
        code: 0,
        out: ['1 sent again'],
      });
      await expect.poll(() => received.filter(each => each === event).length, { timeout: 20_000 }).toBe(2);
      expect(await cli('webhooks', 'redeliver', 'hooked')).toMatchObject({ code: 0, out: ['0 sent again'] });
      expect((await cli('webhooks', 'deliveries', 'hooked')).out[0]).toMatch(/^DELIVERY +TIME +REASON/);
    } finally {
      await cli('stop', 'hooked', '--no-wait');
      receiver.closeAllConnections();
      receiver.close();
    }
  });
});
