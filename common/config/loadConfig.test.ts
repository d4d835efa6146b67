import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AppError } from '../errors.ts';
import { loadConfig } from './loadConfig.ts';
import { variables } from './variables.ts';

function problems(environment: Record<string, string>, required: Parameters<typeof loadConfig>[1] = []): string {
  try {
    loadConfig(environment, required);
  } catch (error) {
    if (error instanceof AppError && error.code === 'config_invalid') return error.message;
    throw error;
  }
  return '';
}

const secret = 'sixteen letters!';

describe('loadConfig', () => {
  test('has a default for all that is not secret', () => {
    const { config, warnings } = loadConfig({});
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      REDIS_URL: 'redis://127.0.0.1:6379',
      API_PORT: 8_080,
      TLS: true,
      SRT_PORTS: { first: 20_000, last: 20_999 },
      HLS_SEGMENT_SECONDS: 4,
      HLS_WINDOW: 10,
      storage: { kind: 'file', dir: 'output', publicUrl: 'https://localhost:8080/video' },
    });
    expect(config.LADDER.map(({ height }) => height)).toEqual([1_080, 720, 480]);
  });

  test('an empty variable counts as not set', () => {
    expect(loadConfig({ API_PORT: '', STORAGE: '' }).config.API_PORT).toBe(8_080);
    expect(problems({ HMAC_SECRET: '' }, ['HMAC_SECRET'])).toContain('HMAC_SECRET: must be set');
  });

  test('port 0 is a port (a free one), not a missing value', () => {
    expect(loadConfig({ API_PORT: '0' }).config.API_PORT).toBe(0);
  });

  test.each([
    ['TLS', 'perhaps'],
    ['API_PORT', '65536'],
    ['API_PORT', '80.5'],
    ['API_PORT', 'http'],
    ['REDIS_URL', 'localhost:6379'],
    ['REDIS_URL', 'redis+sentinel://sentinel:26379'],
    ['REDIS_CA', 'package.json'],
    ['REDIS_CA', 'none.pem'],
    ['HMAC_SECRET', 'short'],
    ['ADMIN_PASSWORD', 'short'],
    ['STORAGE', 'ftp'],
    ['SRT_BIND', 'localhost'],
    ['SRT_PORTS', '20999-20000'],
    ['SRT_PORTS', '0-10'],
    ['SRT_PORTS', '1-70000'],
    ['SRT_PORTS', 'all'],
    ['NODE_ID', 'a:b'],
    ['API_PUBLIC_URL', 'localhost'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRUSTED_PROXIES', 'proxy.internal'],
    ['TRUSTED_PROXIES', '10.0.0.1/8/8'],
    ['RATE_LIMIT_PER_KEY', '-1'],
    ['API_KEYS', '{}'],
    ['MAX_PIXELS', '1920x'],
    ['MAX_PIXELS', '100'],
    ['LOG_LEVEL', 'loud'],
    ['AUDIO_RATE', '22050'],
    ['LADDER', '{broken'],
    ['LADDER', '/no/such/file'],
    ['LADDER', '[]'],
    ['LADDER', '[{"height":360,"video":1000,"audio":128}]'],
    [
      'LADDER',
      '[{"width":640,"height":360,"video":800,"audio":96},{"width":1280,"height":720,"video":3000,"audio":96}]',
    ],
    ['SINGLE', '{"video":1000,"audio":128,"vidoe":1}'],
    ['PROFILE_COSTS', 'ladder='],
    ['PROFILE_COSTS', 'copy=1'],
    ['VIDEO_ENCODER', 'hevc_nvenc'],
    ['PROFILE_COSTS', 'ladder=0'],
    ['PROFILE_COSTS', 'ladder=1e3'],
    ['PROFILE_COSTS', 'ladder=1,ladder=2'],
  ])('refuses %s=%s, and does not repeat the value', (name, value) => {
    const told = problems({ [name]: value });
    expect(told).toMatch(new RegExp(`^the configuration has 1 problem\\(s\\):\n {2}${name}(\\[\\w+\\])*: \\S`));
    if (value.length > 3) expect(told).not.toContain(value);
  });

  test('reports all problems at once', () => {
    const told = problems({ API_PORT: 'x', TLS: 'x' }, ['HMAC_SECRET', 'JWT_SECRET']);
    expect(told).toMatch(/has 4 problem/);
    for (const name of ['API_PORT', 'TLS', 'HMAC_SECRET', 'JWT_SECRET']) expect(told).toContain(`\n  ${name}: `);
  });

  test.each([
    ['API_PORT', '99999', 'must be a whole number from 0 to 65535'],
    ['API_PORT', '-1', 'must be a whole number from 0 to 65535'],
    ['API_PORT', '80.5', 'must be a whole number from 0 to 65535'],
    ['API_PORT', 'http', 'must be a whole number from 0 to 65535'],
    ['SPOOL_MAX_BYTES', '5', 'must be a whole number of at least 1000000'],
    ['GOP_SECONDS', '60', 'must be a number from 0.5 to 10'],
    ['AUDIO_RATE', '22050', 'must be 44100 or 48000'],
    ['DEFAULT_PROFILE', 'copy', 'must be auto, transcode, passthrough, ladder or ladder-source'],
    ['MAX_GOP_SECONDS', '0', 'must be a whole number from 1 to 30'],
    ['API_URL', 'localhost', 'must be the URL of the API, e.g. https://localhost:8080'],
  ])('says the rule that %s=%s breaks', (name, value, rule) => {
    expect(problems({ [name]: value })).toBe(`the configuration has 1 problem(s):\n  ${name}: ${rule}`);
  });

  test('the variable of the command line client is one of Livetran', () => {
    expect(loadConfig({ API_URL: 'https://live.example' }).warnings).toEqual([]);
  });

  test('a required variable that is missing is named together with the misspelt one', () => {
    expect(problems({ HMAC_SECRTE: secret }, ['HMAC_SECRET'])).toBe(
      `the configuration has 1 problem(s):
  HMAC_SECRET: must be set
  HMAC_SECRTE is not a variable of Livetran; did you mean HMAC_SECRET?`,
    );
  });

  test.each([
    ['on', true],
    ['TRUE', true],
    ['1', true],
    ['yes', true],
    ['off', false],
    ['False', false],
    ['0', false],
    ['no', false],
  ])('a switch understands %s', (word, on) => {
    expect(loadConfig({ TLS: word }).config.TLS).toBe(on);
  });

  test('PROFILE_COSTS changes the costs that it names', () => {
    expect(loadConfig({}).config.PROFILE_COSTS).toMatchObject({ transcode: 1, passthrough: 0.05 });
    expect(loadConfig({ PROFILE_COSTS: 'passthrough=0.02, ladder=3.5' }).config.PROFILE_COSTS).toEqual({
      ...{ transcode: 1, passthrough: 0.02, ladder: 3.5, 'ladder-source': 1.2 },
    });
  });

  test('reads a ladder from the variable itself', () => {
    const rung = { width: 640, height: 360, video: 800, audio: 96 };
    expect(loadConfig({ LADDER: JSON.stringify([rung]) }).config.LADDER).toEqual([rung]);
  });

  test.each([
    ['HMAC_SECRT', 'did you mean HMAC_SECRET?'],
    ['SRT_PORT', 'did you mean SRT_PORTS?'],
    ['HLS_SEGMENT_LENGTH', 'is ignored'],
    ['LIVETRAN_THING', 'is ignored'],
  ])('warns of %s', (name, warning) => {
    const { warnings } = loadConfig({ [name]: 'x' });
    expect(warnings).toEqual([expect.stringContaining(warning)]);
  });

  test.each([
    'PATH',
    'HOME',
    'HOSTNAME',
    'TERM',
    'SHLVL',
    'NODE_ENV',
    'PWD',
    'LANG',
    'APIARY',
    'CONNECTION_STRING',
    'S3CFG',
  ])('does not mind %s', name => {
    expect(loadConfig({ [name]: 'x' }).warnings).toEqual([]);
  });

  test.each([
    ['4096x2304', 9_437_184],
    ['1920x1080', 1_920 * 1_088],
    ['2073600', 2_073_600],
  ])('MAX_PIXELS=%s are %i pixels', (text, pixels) => {
    expect(loadConfig({ MAX_PIXELS: text }).config.MAX_PIXELS).toBe(pixels);
  });

  test.each([
    ['*', ['*']],
    ['https://example.com', ['https://example.com']],
    ['https://*.example.com, http://localhost:3000', ['https://*.example.com', 'http://localhost:3000']],
  ])('EMBED_ORIGINS=%s', (text, origins) => {
    expect(loadConfig({ EMBED_ORIGINS: text }).config.EMBED_ORIGINS).toEqual(origins);
  });

  test.each([
    ...[
      'example.com',
      'https://example.com/page',
      "https://a.example; script-src 'unsafe-inline'",
      '*,https://a.example',
    ],
    ...['https://a.example b.example', 'https://*', 'data:', 'https://*.*.example'],
  ])('EMBED_ORIGINS=%s is refused', text => {
    expect(problems({ EMBED_ORIGINS: text })).toContain('EMBED_ORIGINS: must be origins');
  });

  test('every variable can be set', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'livetran-config-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const authority = join(dir, 'ca.pem');
    await writeFile(authority, '-----BEGIN CERTIFICATE-----\n');
    const values: Record<string, string> = {
      REDIS_CA: authority,
      R2_ACCOUNT_ID: 'account',
      STORAGE: 'r2',
      S3_ENDPOINT: 'http://127.0.0.1:9000',
      CLOUDFLARE_PUBLIC_URL: 'https://cdn.example/live/',
      API_PUBLIC_URL: 'https://live.example',
      API_URL: 'https://live.example',
      REDIS_URL: 'rediss://redis:6379',
      LOG_LEVEL: 'debug',
      SRT_BIND: '::',
      SRT_PORTS: '9000',
      SPOOL_MAX_BYTES: '1000000000',
      MAX_PIXELS: '1920x1080',
      MAX_FPS: '60',
      FFMPEG_MEMORY_LIMIT: '500000000',
      FFMPEG_UID: '1000',
      VIDEO_PRESET: 'fast',
      AUDIO_RATE: '44100',
      LADDER: '[{"width":640,"height":360,"video":800,"audio":96}]',
      SINGLE: '{"video":800,"audio":96}',
      UPLOAD_JOBS: 'retries',
      WEBHOOK_SRT_URL: 'off',
      ADMIN_QUEUES: 'full',
      DEFAULT_PROFILE: 'passthrough',
      VIDEO_ENCODER: 'h264_vaapi',
      ROUTER_IO: 'dgram',
      ENCODER_THREADS: '2',
      PROFILE_COSTS: 'transcode=1,ladder=3.5',
      MAX_SOURCE_KBPS: '8000',
      METRICS_TOKEN: 'sixteen-letters!',
      ADMIN_USERS: '# nobody',
      API_KEYS: '[]',
      PLAYBACK_KEYS: JSON.stringify([{ id: 'a', secret: 'x'.repeat(32) }]),
      LIVE_CACHE_BYTES: '1000000',
      RATE_LIMIT_PER_KEY: '0',
      RATE_LIMIT_PER_ADDRESS: '600',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1, loopback',
      EMBED_ORIGINS: 'https://example.com, https://*.example.org:8443',
      ROUTER_BIND: '::',
      ORIGIN_BIND: '::',
      LL_PART_SECONDS: '0.5',
      STREAM_METRICS: '50',
      ROUTER_RING_BYTES: '1000000',
    };
    const switches = [
      'LEGACY_API',
      'ENABLE_METRICS',
      'ENABLE_TRACES',
      'OTEL_EXPORTER_OTLP_INSECURE',
      'TLS',
      'POSTERS',
      'VIDEO_ENCODER_FALLBACK',
      'WEBHOOK_ALLOW_PRIVATE',
    ];
    const all = Object.keys(variables.shape).map(name => {
      const numeric = /_(MS|SECONDS|STREAMS|ATTEMPTS|CONCURRENCY|WINDOW|PORT|LIMIT)$/.test(name) ? '20' : undefined;
      const fallback = numeric ?? (/SECRETS?$|PASSWORD$/.test(name) ? secret : 'name');
      return [name, values[name] ?? (switches.includes(name) ? 'on' : fallback)];
    });
    const environment = { ...Object.fromEntries(all), GOP_SECONDS: '2', HLS_GRACE_SEGMENTS: '5' };
    expect(problems(environment)).toBe('');
  });
});

describe('storage', () => {
  const r2 = { R2_ACCOUNT_ID: 'acc', R2_ACCESS_KEY: 'ak', R2_SECRET_KEY: 'sk', BUCKET_NAME: 'b' };
  const publicUrl = { CLOUDFLARE_PUBLIC_URL: 'https://cdn.example/live//' };

  test('is R2 when the R2 variables are set', () => {
    expect(loadConfig({ ...r2, ...publicUrl }).config.storage).toEqual({
      kind: 's3',
      endpoint: 'https://acc.r2.cloudflarestorage.com',
      region: 'auto',
      bucket: 'b',
      accessKey: 'ak',
      secretKey: 'sk',
      publicUrl: 'https://cdn.example/live',
    });
  });

  test('is any S3 store by its endpoint', () => {
    const { R2_ACCOUNT_ID, ...keysOnly } = r2;
    const environment = { ...keysOnly, ...publicUrl, S3_ENDPOINT: 'http://minio:9000', S3_REGION: 'eu' };
    expect(loadConfig(environment).config.storage).toMatchObject({ endpoint: 'http://minio:9000', region: 'eu' });
  });

  test('is the folder when it is asked for, whatever else is set', () => {
    expect(loadConfig({ ...r2, STORAGE: 'file' }).config.storage.kind).toBe('file');
  });

  test.each([
    ['STORAGE=r2 alone', { STORAGE: 'r2' }, ['R2_ACCOUNT_ID', 'R2_ACCESS_KEY', 'R2_SECRET_KEY', 'BUCKET_NAME']],
    ['a forgotten access key', { R2_ACCOUNT_ID: 'a', R2_SECRET_KEY: 's', BUCKET_NAME: 'b' }, ['R2_ACCESS_KEY']],
    ['a forgotten bucket', { ...r2, BUCKET_NAME: '' }, ['BUCKET_NAME', 'CLOUDFLARE_PUBLIC_URL']],
  ])('%s is told, not taken for a folder', (_name, environment, missing) => {
    const told = problems(environment as Record<string, string>);
    for (const name of missing) expect(told).toContain(`${name}: must be set for R2 storage`);
  });

  test.each([
    [{ API_PORT: '9000' }, 'https://localhost:9000/video'],
    [{ TLS: 'off' }, 'http://localhost:8080/video'],
    [{ API_PUBLIC_URL: 'https://live.example/' }, 'https://live.example/video'],
    [{ CLOUDFLARE_PUBLIC_URL: 'https://cdn.example/' }, 'https://cdn.example'],
  ])('a folder with %o is played from %s', (environment, url) => {
    expect(loadConfig(environment as Record<string, string>).config.storage.publicUrl).toBe(url);
  });
});
