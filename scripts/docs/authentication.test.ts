import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signBody, signRequest } from '../../common/signature.ts';
import { deriveWebhookSecret } from '../../common/webhooks/deriveWebhookSecret.ts';

const run = promisify(execFile);
const HMAC_SECRET = 'hmac-secret-of-the-docs-test';
const WEBHOOK_SECRET = deriveWebhookSecret(HMAC_SECRET);
const env = { ...process.env, HMAC_SECRET, WEBHOOK_SECRET };

interface Received {
  method: string;
  path: string;
  signature: string;
  body: string;
}

let page: string;
let dir: string;
let server: Server;
let base: string;
let received: Received[] = [];

beforeAll(async () => {
  page = await readFile(new URL('../../docs/authentication.md', import.meta.url), 'utf8');
  dir = await mkdtemp(join(tmpdir(), 'livetran-docs-'));
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method = '', url: path = '', headers } = request;
    received.push({ method, path, signature: String(headers['lt-signature']), body });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true}');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await rm(dir, { recursive: true });
});

/** The code blocks of a language under a heading, with this test's server for the hosts of the page. */
function examples(heading: string, language: string): string[] {
  const section = page.split(`${heading}\n`)[1]?.split(/\n##+ /)[0] ?? '';
  const blocks = [...section.matchAll(/```(\w+)\n([\s\S]*?)```/g)].filter(([, name]) => name === language);
  expect(blocks.length, `${language} under "${heading}"`).toBeGreaterThan(0);
  return blocks.map(([, , code = '']) => code.replace(/https:\/\/(localhost:8080|live\.example)/g, base));
}

/** Runs a program as a file of its language; resolves to what it printed. */
async function execute(language: string, code: string, args: string[] = []): Promise<string> {
  const [name, program, ...before] = {
    sh: ['example.sh', 'bash'],
    js: ['example.mjs', process.execPath],
    python: ['example.py', 'python3'],
    go: ['example.go', 'go', 'run'],
  }[language] as [string, string, ...string[]];
  const file = join(dir, name);
  await writeFile(file, code);
  return (await run(program, [...before, file, ...args], { env, cwd: dir })).stdout.trim();
}

describe('the body form', () => {
  test.each([
    ['### curl', 'sh'],
    ['### Node', 'js'],
    ['### Python', 'python'],
    ['### Go', 'go'],
  ] as const)(
    '%s: the request is signed as Livetran checks it',
    async (heading, language) => {
      received = [];
      await execute(language, examples(heading, language)[0] ?? '');
      expect(received).toEqual([
        {
          method: 'POST',
          path: '/api/start-stream',
          body: expect.stringContaining('show-1'),
          signature: expect.any(String),
        },
      ]);
      expect(received[0]?.signature).toBe(signBody(received[0]?.body ?? '', HMAC_SECRET));
    },
    60_000,
  );
});

test.each(['sh', 'js'])('the request form, %s: the request is signed as Livetran checks it', async language => {
  received = [];
  await execute(language, examples('## Request form: the resource API', language)[0] ?? '');
  const [{ method, path, signature, body } = { method: '', path: '', signature: '', body: '' }] = received;
  const time = /^t=([\d.]+),/.exec(signature)?.[1] ?? '';
  expect({ method, path, body }).toEqual({ method: 'GET', path: '/api/streams/show-1', body: '' });
  expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(60);
  expect(signature).toBe(signRequest({ time, method, path, body }, HMAC_SECRET));
});

test('the command derives the secret that Livetran derives', async () => {
  expect(await execute('sh', examples('## The webhook secret', 'sh')[0] ?? '')).toBe(WEBHOOK_SECRET);
});

describe('checking a webhook', () => {
  const path = '/hooks?from=livetran';
  const body = '{"Status":"READY","Update":"Größe %s"}';
  const now = Math.floor(Date.now() / 1000);
  const sign = (time: number, secret = WEBHOOK_SECRET): string =>
    signRequest({ time, method: 'POST', path, body }, secret);
  const v1 = (header: string): string => header.slice(header.indexOf('v1='));
  const headers = [
    sign(now),
    // During a rotation.
    `${sign(now)},${v1(sign(now, HMAC_SECRET))}`,
    `${sign(now, HMAC_SECRET)},${v1(sign(now))}`,
    sign(now, HMAC_SECRET),
    sign(now - 400),
    sign(now + 400),
    `${sign(now).slice(0, -1)}x`,
    `${sign(now, HMAC_SECRET)},${v1(sign(now, HMAC_SECRET))}`,
    'nonsense',
    '',
  ];
  const expected = headers.map((_, i) => (i < 3 ? 'yes' : 'no')).join(' ');

  /** Reads headers, the path and the body's file from its arguments, and prints yes or no for each header. */
  const callers: Record<string, (code: string) => string> = {
    js: code => `import { readFileSync } from 'node:fs';\n${code}
      const [path, file, ...headers] = process.argv.slice(2);
      console.log(headers.map(h => (isFromLivetran(h, path, readFileSync(file)) ? 'yes' : 'no')).join(' '));`,
    python: code => `${code}
import sys
path, file, *headers = sys.argv[1:]
print(*["yes" if is_from_livetran(h, path, open(file, "rb").read()) else "no" for h in headers])`,
    go: code => `${code}
func main() {
	body, _ := os.ReadFile(os.Args[2])
	for _, header := range os.Args[3:] {
		fmt.Print(map[bool]string{true: "yes ", false: "no "}[isFromLivetran(header, os.Args[1], body)])
	}
}`,
    sh: code => `${code}
path=$1 file=$2; shift 2
for h in "$@"; do if is_from_livetran "$h" "$path" "$file" 2>/dev/null; then printf 'yes '; else printf 'no '; fi; done`,
  };

  test.each([
    ['### Node: a webhook', 'js'],
    ['### Python: a webhook', 'python'],
    ['### Go: a webhook', 'go'],
    ['### Shell: a webhook', 'sh'],
  ] as const)(
    '%s: the right one is taken; another secret, an old time and garbage are not',
    async (heading, language) => {
      const file = join(dir, 'body');
      await writeFile(file, body);
      const code = callers[language]?.(examples(heading, language)[0] ?? '') ?? '';
      expect(await execute(language, code, [path, file, ...headers])).toBe(expected);
    },
    60_000,
  );
});
