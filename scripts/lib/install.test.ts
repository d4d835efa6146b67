import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const script = fileURLToPath(new URL('./install.sh', import.meta.url));
/** The few real programs that the script uses itself. */
const TOOLS = ['bash', 'id', 'mktemp', 'rm', 'tail', 'touch', 'cat', 'chmod', 'grep', 'readlink'];
const APT_GET = `#!/bin/bash
echo "$DEBIAN_FRONTEND apt-get $*" >> "$CALLS"
[ -z "\${APT_FAILS:-}" ] || { echo "E: Unable to locate package"; exit 100; }
[ "$2" = install ] || exit 0
for name in "\${@:5}"; do printf '#!/bin/bash\\n' > "$BIN/$name"; chmod +x "$BIN/$name"; done
[ ! -e "$BIN/ffmpeg" ] || { printf '#!/bin/bash\\n' > "$BIN/ffprobe"; chmod +x "$BIN/ffprobe"; }
`;
const NPM = '#!/bin/bash\necho "npm $*" >> "$CALLS"\nmkdir -p node_modules; : > node_modules/.package-lock.json\n';

let dir: string;
let bin: string;

/** Runs a line with the script's functions, on a machine that has only what the test put into `bin`. */
function run(line: string, env: NodeJS.ProcessEnv = {}): Promise<{ code: number; out: string; calls: string[] }> {
  const calls = join(dir, 'calls');
  const options = { cwd: dir, env: { PATH: bin, CALLS: calls, BIN: bin, TMPDIR: dir, ...env } };
  return new Promise(resolve => {
    execFile(
      '/bin/bash',
      ['--norc', '-euo', 'pipefail', '-c', `. ${script}\n${line}`],
      options,
      async (error, stdout, stderr) => {
        const called = await readFile(calls, 'utf8').catch(() => '');
        resolve({ code: Number(error?.code ?? 0), out: stdout + stderr, calls: called.split('\n').filter(Boolean) });
      },
    );
  });
}

async function program(name: string, text = '#!/bin/bash\n'): Promise<void> {
  await writeFile(join(bin, name), text);
  await chmod(join(bin, name), 0o755);
}

async function toolPath(name: string): Promise<string> {
  for (const folder of ['/bin', '/usr/bin']) {
    const path = join(folder, name);
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  throw new Error(`this test needs ${name}`);
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-install-'));
  bin = join(dir, 'bin');
  await mkdir(bin);
  for (const name of [...TOOLS, 'mkdir']) await symlink(await toolPath(name), join(bin, name));
  // Root without sudo, whoever runs the tests.
  await rm(join(bin, 'id'));
  await program('id', '#!/bin/bash\necho 0\n');
});

afterEach(() => rm(dir, { recursive: true, force: true }));

describe('need', () => {
  test('installs nothing, and updates nothing, when all is there', async () => {
    for (const name of ['ffmpeg', 'ffprobe', 'redis-server']) await program(name);
    await program('apt-get', APT_GET);
    expect(await run('need ffmpeg redis')).toEqual({ code: 0, out: '', calls: [] });
  });

  test('installs what is missing, without questions and without recommended packages', async () => {
    await program('apt-get', APT_GET);
    const { code, calls, out } = await run('need ffmpeg redis chromium');
    expect(calls).toEqual([
      'noninteractive apt-get -q update',
      'noninteractive apt-get -q install -y --no-install-recommends ffmpeg redis-server chromium',
    ]);
    expect({ code, out }).toEqual({
      code: 0,
      out: '==> installing ffmpeg redis-server chromium; this can take some minutes\n',
    });
  });

  test("what the examples of docs/ need has Debian's names", async () => {
    // A package whose program is called otherwise.
    const names = `case $name in golang-go) name=go ;; esac`;
    await program('apt-get', APT_GET.replace('; do printf', `; do ${names}; printf`));
    const { code, calls } = await run('need python go zsh curl openssl');
    expect(calls[1]).toMatch(/--no-install-recommends python3 golang-go zsh curl openssl$/);
    expect(code).toBe(0);
  });

  test('a failed installation shows what apt-get said', async () => {
    await program('apt-get', APT_GET);
    const { code, out } = await run('need redis', { APT_FAILS: '1' });
    expect(code).toBe(1);
    expect(out).toMatch(/E: Unable to locate package\nlivetran: apt-get could not install redis-server/);
  });

  test('without root and sudo it says what to run', async () => {
    await program('apt-get', APT_GET);
    await program('id', '#!/bin/bash\necho 1000\n');
    const { code, out, calls } = await run('need redis');
    expect({ code, calls }).toEqual({ code: 1, calls: [] });
    expect(out).not.toContain('installing');
    expect(out).toContain('apt-get update && apt-get install -y --no-install-recommends redis-server');
  });

  test('with brew it installs formulas, and libsrt by name', async () => {
    await program(
      'brew',
      '#!/bin/bash\necho "brew $*" >> "$CALLS"\nfor x in ffmpeg ffprobe redis-server; do printf "" > $BIN/$x; chmod +x $BIN/$x; done\n',
    );
    const { code, calls } = await run('need ffmpeg redis');
    expect({ code, calls }).toEqual({ code: 0, calls: ['brew install ffmpeg srt', 'brew install redis'] });
  });

  test('with neither it says what is missing', async () => {
    const { code, out } = await run('need ffmpeg redis');
    expect(code).toBe(1);
    expect(out).toContain('neither apt-get nor brew is here to install ffmpeg redis');
  });
});

describe('need_packages', () => {
  const CI = 'npm ci --no-audit --no-fund --loglevel=error';

  /** The project's folder, with what npm has installed there. */
  async function installed(version: string): Promise<void> {
    await mkdir(join(dir, 'node_modules/.bin'), { recursive: true });
    await mkdir(join(dir, 'node_modules/node/bin'), { recursive: true });
    await copyFile(process.execPath, join(dir, 'node_modules/node/bin/node'));
    await symlink('../node/bin/node', join(dir, 'node_modules/.bin/node'));
    await symlink(fileURLToPath(new URL('..', import.meta.url)), join(dir, 'scripts'));
    const lock = (installedVersion: string): string =>
      JSON.stringify({ packages: { 'node_modules/express': { version: installedVersion } } });
    await writeFile(join(dir, 'package-lock.json'), lock('5.3.0'));
    await writeFile(join(dir, 'node_modules/.package-lock.json'), lock(version));
  }

  test.each([
    ['none are installed', 24, undefined, [CI]],
    ['they are others than those of package-lock.json', 24, '5.2.0', [CI]],
    ['they are those of package-lock.json, whoever installed them', 24, '5.3.0', []],
    [
      'npm under an older Node would leave some out',
      20,
      undefined,
      [expect.stringMatching(/^npm install .*node@/), CI],
    ],
  ])('%s', async (_case, major, version, expected) => {
    await program('node', `#!/bin/bash\necho ${major}\n`);
    await program('npm', NPM);
    if (version !== undefined) await installed(version);
    const { code, calls } = await run('need_packages run');
    expect({ code, calls }).toEqual({ code: 0, calls: expected });
  });

  test('an old npm prints no warnings of the Node that it runs under', async () => {
    await program('node', '#!/bin/bash\necho 24\n');
    await program('npm', '#!/bin/bash\necho "warnings off: $NODE_NO_WARNINGS"\n');
    expect((await run('need_packages run')).out).toContain('warnings off: 1');
  });

  test('packages are not replaced under programs that run with them', async () => {
    await program('npm', NPM);
    await installed('5.2.0');
    const running = spawn(join(dir, 'node_modules/.bin/node'), ['-e', 'setInterval(() => undefined, 1_000)']);
    await once(running, 'spawn');
    try {
      const { code, out, calls } = await run('need_packages run');
      expect({ code, calls }).toEqual({ code: 1, calls: [] });
      expect(out).toContain(`programs run with the present ones (pid ${running.pid})`);
    } finally {
      running.kill('SIGKILL');
      await once(running, 'exit');
    }
  });

  test('a Node that is too old to begin with is reported', async () => {
    await program('node', '#!/bin/bash\n[ "$1" = --version ] && echo v16.20.0 || echo 16\n');
    await program('npm', NPM);
    const { code, out } = await run('need_packages run');
    expect(code).toBe(1);
    expect(out).toContain('Node 18 or later is needed to begin with, and this one is v16.20.0');
  });
});

test('need_srt refuses an FFmpeg without SRT (srtp is another thing)', async () => {
  await program('ffmpeg', '#!/bin/bash\nprintf "  rtp\\n  srtp\\n"\n');
  expect((await run('need_srt')).code).toBe(1);
  await program('ffmpeg', '#!/bin/bash\nprintf "  srtp\\n  srt\\n"\n');
  expect((await run('need_srt')).code).toBe(0);
});
