import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signRequest } from '../../common/signature.ts';
import { runCli } from './runCli.ts';

const SECRET = 'a secret of sixteen or more';

interface Received {
  method: string;
  path: string;
  body: string;
  signature: string;
}

let server: Server;
let url: string;
let root: string;
let received: Received[];
/** What the server answers, in this order; the last one again and again. */
let answers: { status?: number; body?: unknown; events?: { event_id: string }[] }[];

const stream = (fields: object = {}) => ({
  stream_id: 'demo',
  state: 'READY',
  reason: 'listening',
  update: 'Waiting for the encoder',
  abr: false,
  created_at: '2026-11-22T10:00:00.000Z',
  updated_at: '2026-11-22T10:00:01.000Z',
  srt_url: 'srt://127.0.0.1:20001?streamid=mode=publish,rid=demo,token=abc',
  stream_link: null,
  playback: { policy: 'public', hls: 'https://x/demo.m3u8', low_latency: 'https://api/live/demo/demo.m3u8' },
  node: 'host-1',
  renditions: [],
  ended_webhooks: [],
  ...fields,
});
const created = stream({ state: 'INITIALISED', reason: 'created', srt_url: null });
const data = (content: object) => ({ body: Array.isArray(content) ? { data: content } : content });
const refusal = (status: number, detail: string) => ({
  status,
  body: { code: 'a_code', status, detail, retryable: status === 503, request_id: 'req_1' },
});

const timeOf = (signature = ''): string => /^t=([\d.]+),/.exec(signature)?.[1] ?? '';
/** The signature that a received request must have. */
function signed(request: Received | undefined): string {
  const { method = '', path = '', body = '', signature } = request ?? {};
  return signRequest({ time: timeOf(signature), method, path, body }, SECRET);
}

async function cli(...argv: string[]): Promise<{ code: number; out: string[]; err: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await runCli(argv, { env: { API_URL: url, HMAC_SECRET: SECRET }, root, terminal });
  return { code, out, err };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of incoming.setEncoding('utf8')) body += chunk;
  return body;
}

beforeEach(async () => {
  received = [];
  root = await mkdtemp(join(tmpdir(), 'livetran-cli-'));
  server = createServer(async (incoming, response) => {
    const signature = String(incoming.headers['lt-signature']);
    received.push({ method: incoming.method ?? '', path: incoming.url ?? '', body: await bodyOf(incoming), signature });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer?.events) {
      // An API that is stopped breaks the connection off.
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 2000\n\n: \n\n');
      const text = answer.events
        .map(event => `id: ${event.event_id}\nevent: x\ndata: ${JSON.stringify(event)}\n\n`)
        .join('');
      response.write(text, () => response.destroy());
      return;
    }
    response.writeHead(answer?.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer?.body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  if (server.listening) {
    server.close();
    await once(server, 'close');
  }
  await rm(root, { recursive: true, force: true });
});

describe('livetran start', () => {
  test('waits for the SRT URL and prints it with the watch page', async () => {
    answers = [data(created), data(created), data(stream())];
    const { code, out } = await cli(
      'start',
      'demo',
      '--abr',
      '--record',
      '--webhook',
      'https://a.example/x',
      '--webhook',
      'https://b.example',
    );
    expect(code).toBe(0);
    expect(out).toEqual([
      'SRT URL     srt://127.0.0.1:20001?streamid=mode=publish,rid=demo,token=abc',
      `Watch page  ${url}/watch/demo`,
    ]);
    expect(received.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/streams',
      'GET /v1/streams/demo',
      'GET /v1/streams/demo',
    ]);
    expect(received[0]?.signature).toBe(signed(received[0]));
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({
      stream_id: 'demo',
      abr: true,
      record: true,
      webhook_urls: ['https://a.example/x', 'https://b.example'],
    });
  });

  test('--profile asks for a profile, and sends no abr beside it', async () => {
    answers = [data(created), data(stream())];
    expect((await cli('start', 'demo', '--profile', 'ladder-source', '--latency', 'reduced')).code).toBe(0);
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({
      ...{ stream_id: 'demo', profile: 'ladder-source', latency: 'reduced' },
    });
  });

  test('says why a stream stopped instead', async () => {
    answers = [
      data(created),
      data(stream({ state: 'STOPPED', reason: 'ports_exhausted', update: 'All ports are taken', srt_url: null })),
    ];
    const { code, out, err } = await cli('start', 'demo');
    expect({ code, out }).toEqual({ code: 1, out: [] });
    expect(err.at(-1)).toBe('demo: STOPPED, ports_exhausted: All ports are taken');
  });

  test('--url prints the SRT URL alone, for SRT_URL=$(…)', async () => {
    answers = [data(created), data(stream())];
    expect((await cli('start', 'demo', '--url')).out).toEqual([stream().srt_url]);
  });

  test.each([
    ['letters-and-digits-9', '&passphrase=letters-and-digits-9&pbkeylen=32', undefined],
    [
      'correct horse & staple',
      '',
      'The passphrase has signs that encoders read differently in a URL: set it in the encoder.',
    ],
  ])('--passphrase %s is sent, and in the URL where encoders read it alike', async (passphrase, end, note) => {
    answers = [data(created), data(stream())];
    const { out, err } = await cli('start', 'demo', '--url', '--passphrase', passphrase);
    expect(out).toEqual([`${stream().srt_url}${end}`]);
    expect(err[1]).toBe(note);
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({ stream_id: 'demo', passphrase });
  });
});

describe('livetran', () => {
  test("stop deletes the stream, waits, and prints the recording's link", async () => {
    const recording = 'https://x/demo/demo_vod_1.m3u8';
    answers = [
      data(stream({ state: 'STREAMING', stopping: true })),
      data(stream({ state: 'STREAMING', stopping: true })),
      data(stream({ state: 'STOPPED', reason: 'user_stop', recording_link: recording })),
    ];
    expect(await cli('stop', 'demo')).toMatchObject({
      code: 0,
      out: ['demo: stopped (user_stop)', `Recording   ${recording}`],
    });
    expect(received[0]).toMatchObject({ method: 'DELETE', path: '/v1/streams/demo', body: '' });
    expect(received[0]?.signature).toBe(signed(received[0]));
  });

  test('stop --no-wait says stopping, and asks no more', async () => {
    answers = [data(stream({ state: 'STREAMING', stopping: true }))];
    expect(await cli('stop', 'demo', '--no-wait')).toEqual({ code: 0, out: ['demo: stopping'], err: [] });
    expect(received).toHaveLength(1);
  });

  test('status shows state, reason, URLs and the last encoder that was refused', async () => {
    const refusal = { code: 1403, peer: '192.0.2.7:5000', message: 'the stream key has expired', at: 'x', count: 3 };
    const profile = { profile: 'passthrough', fallback: 'no_idr' };
    answers = [data(stream({ stream_link: 'https://x/demo.m3u8', last_refusal: refusal, ...profile }))];
    expect((await cli('status', 'demo')).out).toEqual([
      'State       READY',
      'Reason      listening: Waiting for the encoder',
      'Profile     passthrough, transcoded: no_idr',
      'SRT URL     srt://127.0.0.1:20001?streamid=mode=publish,rid=demo,token=abc',
      'Playlist    https://x/demo.m3u8',
      'Low latency https://api/live/demo/demo.m3u8',
      'Refused     1403 192.0.2.7:5000: the stream key has expired (3 in all)',
      'Updated     2026-11-22T10:00:01.000Z',
    ]);
  });

  test('status shows the encoder, what is made of it, and what went wrong last', async () => {
    const error = { code: 'transcode_error', at: '2026-11-22T10:00:00.000Z', message: 'FFmpeg failed' };
    const fields = {
      encoder: { address: '192.0.2.7:40000' },
      input: { video_codec: 'h264', width: 1280, height: 720, audio_codec: null },
      stats: { receive_kbps: 2_000.4, rtt_ms: 12.3 },
      renditions: [
        { width: 1280, height: 720, video_kbps: null },
        { width: null, height: null, video_kbps: 1_500 },
      ],
      ...{ last_error: error, ended_webhooks: ['https://app.example/hooks'] },
    };
    answers = [data(stream({ state: 'STREAMING', reason: 'playable', ...fields }))];
    expect((await cli('status', 'demo')).out.slice(4, -1)).toEqual([
      'Encoder     192.0.2.7:40000: h264 1280x720, no audio, 2000 kb/s, round trip 12 ms',
      "Renditions  1280x720 (the encoder's own), source size 1500 kb/s",
      'Last error  transcode_error at 2026-11-22T10:00:00.000Z: FFmpeg failed',
      'Ended       https://app.example/hooks (answered 410)',
    ]);
  });

  test('status says how the stream is, what is wrong and what to do', async () => {
    const since = '2026-11-22T10:00:00.000Z';
    const loss = { code: 'packets_lost', fault: 'network', since, message: '4 % are lost', advice: 'Use a wire' };
    answers = [data(stream({ health: { status: 'degraded', since, problems: [loss] } }))];
    expect((await cli('status', 'demo')).out.slice(4, 6)).toEqual([
      `Health      degraded since ${since}`,
      'Problem     packets_lost (network): 4 % are lost. Use a wire',
    ]);
  });

  test.each([
    ['status', 'demo'],
    ['stop', 'demo', '--no-wait'],
    ['start', 'demo'],
  ])('%s --json prints the stream as the API shows it', async (...argv) => {
    answers = [data(stream())];
    const { code, out } = await cli(...argv, '--json');
    expect({ code, out: out.map(line => JSON.parse(line) as unknown) }).toEqual({ code: 0, out: [stream()] });
  });

  test.each([
    [['--revoke'], { revoke: true }],
    [['--passphrase', 'a-new-one-of-ten'], { passphrase: 'a-new-one-of-ten' }],
    [['--no-passphrase'], { passphrase: null }],
    [[], {}],
  ])('key %j prints the SRT URL that has the new key', async (flags, body) => {
    const url = 'srt://127.0.0.1:20001?streamid=mode=publish,rid=demo,token=new';
    answers = [data(stream()), data(stream({ srt_url: url }))];
    const { code, out } = await cli('key', 'demo', '--url', ...flags);
    const end = 'passphrase' in body && body.passphrase ? `&passphrase=${body.passphrase}&pbkeylen=32` : '';
    expect({ code, out }).toEqual({ code: 0, out: [url + end] });
    expect(received[1]).toMatchObject({ method: 'POST', path: '/v1/streams/demo/key', body: JSON.stringify(body) });
  });

  test('key says that the new one is not made yet', async () => {
    answers = [data(stream()), data(stream())];
    expect(await cli('key', 'demo')).toMatchObject({
      code: 1,
      out: [],
      err: [expect.stringContaining('not made yet')],
    });
  });

  test('signs the resource API over time, method, path and body, and never twice the same', async () => {
    answers = [data([])];
    expect(await cli('list')).toMatchObject({ code: 0, out: ['no streams'] });
    await cli('list');
    const [first, second] = received.map(({ signature }) => signature);
    expect(first).toBe(signed(received[0]));
    expect(Math.abs(Date.now() / 1_000 - Number(timeOf(first)))).toBeLessThan(60);
    expect(second).not.toBe(first);
  });

  test('list is a table', async () => {
    answers = [
      data([stream(), stream({ stream_id: 'b', state: 'STOPPED', reason: 'user_stop', stream_link: 'https://x/b' })]),
    ];
    const { out } = await cli('list');
    expect(out).toEqual([
      'STREAM_ID  STATE    REASON     UPDATED              LINK',
      'demo       READY    listening  2026-11-22T10:00:01',
      'b          STOPPED  user_stop  2026-11-22T10:00:01  https://x/b',
    ]);
  });

  test('workers is a table', async () => {
    const worker = (fields: object = {}) => ({
      ...{ id: 'n1-a', node: 'n1', address: '192.0.2.1', version: '1.0.0', since: '2026-11-23T10:00:00.000Z' },
      ...{
        slots: 2,
        streams: 0,
        units_used: 0,
        profiles: {},
        full: false,
        draining: false,
        busy: null,
        load: { cpu: 0.5, event_loop_ms: 21 },
        ...fields,
      },
    });
    answers = [
      data([
        worker(),
        worker({ id: 'n1-b', streams: 3, units_used: 1.1, profiles: { passthrough: 2, transcode: 1 }, full: true }),
        worker({ id: 'n1-c', draining: true }),
        worker({ id: 'n1-d', busy: 'its disk is nearly full' }),
      ]),
    ];
    expect((await cli('workers')).out).toEqual([
      'WORKER  NODE  ADDRESS    STREAMS  UNITS  PROFILES                    LOAD  VERSION  SINCE                STATE',
      'n1-a    n1    192.0.2.1  0        0/2                                0.50  1.0.0    2026-11-23T10:00:00  taking streams',
      'n1-b    n1    192.0.2.1  3        1.1/2  2 passthrough, 1 transcode  0.50  1.0.0    2026-11-23T10:00:00  full',
      'n1-c    n1    192.0.2.1  0        0/2                                0.50  1.0.0    2026-11-23T10:00:00  draining',
      'n1-d    n1    192.0.2.1  0        0/2                                0.50  1.0.0    2026-11-23T10:00:00  busy: its disk is nearly full',
    ]);
  });

  const event = (n: number, fields: object = {}) => ({
    ...{
      event_id: `e-${n}`,
      state: 'READY',
      reason: 'listening',
      update: 'Waiting for the encoder',
      stream_link: null,
    },
    ...{ time: `2026-11-22T10:00:0${n}.000Z`, srt_url: 'srt://x', ...fields },
  });

  test('watch prints a line per change until the stream has stopped, also over a restart of the API', async () => {
    const playing = event(2, {
      state: 'STREAMING',
      reason: 'playable',
      update: 'On air',
      stream_link: 'https://x/a.m3u8',
    });
    answers = [
      { events: [event(1), playing] },
      // It tells the present state again.
      {
        events: [playing, event(3, { state: 'STOPPED', reason: 'user_stop', update: 'Stopped on request' }), event(4)],
      },
    ];
    const { code, out, err } = await cli('watch', 'demo');
    expect(code).toBe(0);
    expect(out).toEqual([
      '10:00:01 READY  listening  Waiting for the encoder',
      '10:00:02 STREAMING  playable  On air  https://x/a.m3u8',
      '10:00:03 STOPPED  user_stop  Stopped on request',
    ]);
    expect(err).toEqual([expect.stringContaining('aborted; trying again'), 'the API is back']);
    expect(received.map(({ path }) => path)).toEqual(['/v1/streams/demo/events', '/v1/streams/demo/events']);
  });

  test('events prints all that there is of each change as JSON, over the end of a run', async () => {
    const stopped = event(1, { state: 'STOPPED' });
    answers = [{ events: [stopped, event(2)] }, refusal(404, 'stream "demo" does not exist')];
    const { code, out, err } = await cli('events', 'demo');
    expect(out.map(line => JSON.parse(line) as unknown)).toEqual([stopped, event(2)]);
    expect({ code, last: err.at(-1) }).toEqual({ code: 1, last: 'livetran: stream "demo" does not exist' });
  });

  test.each(['watch', 'events'])('%s of a stream that does not exist: exit code 1', async command => {
    answers = [refusal(404, 'stream "demo" does not exist')];
    expect(await cli(command, 'demo')).toEqual({ code: 1, out: [], err: ['livetran: stream "demo" does not exist'] });
  });

  test.each([
    [409, 'stream "demo" is running'],
    [403, 'LT-SIGNATURE does not match'],
    [503, 'Redis does not answer'],
  ])('refused with %i: exit code 1 and the reason', async (status, error) => {
    answers = [refusal(status, error)];
    expect(await cli('start', 'demo')).toEqual({ code: 1, out: [], err: [`livetran: ${error}`] });
  });

  test('an answer of another server is reported as such', async () => {
    answers = [{ status: 404, body: undefined }];
    expect((await cli('list')).err[0]).toContain("is not Livetran's");
  });

  test('no answer: exit code 3 and what to do', async () => {
    server.close();
    await once(server, 'close');
    const { code, err } = await cli('list');
    expect(code).toBe(3);
    expect(err[0]).toMatch(/cannot be reached: .*ECONNREFUSED[\s\S]*npm start/);
    const asJson = await cli('list', '--json');
    expect(asJson.code).toBe(3);
    expect(JSON.parse(asJson.err[0] ?? '')).toMatchObject({ code: 'unreachable', retryable: true });
  });

  test.each([
    [[], 'Usage: livetran'],
    [['fly'], "unknown command 'fly'"],
    [['strt', 'a'], '(Did you mean start?)'],
    [['stop'], "missing required argument 'stream_id'"],
    [['start', '../etc'], 'stream_id must be 1 to 64'],
    [['stop', 'a', 'b'], 'too many arguments'],
    [['stop', 'a', '--abr'], "unknown option '--abr'"],
    [['list', 'a'], 'too many arguments'],
    [['start', 'a', '--fast'], "unknown option '--fast'"],
  ])('wrong usage %j: exit code 2', async (argv, message) => {
    const { code, err } = await cli(...argv);
    expect(code).toBe(2);
    expect(err[0]).toContain(message);
    expect(received).toEqual([]);
  });

  test('--help', async () => {
    const { code, out } = await cli('--help');
    expect(code).toBe(0);
    expect(out[0]).toMatch(/^Usage:/);
  });

  test('finds the embedded Livetran by itself', async () => {
    await mkdir(join(root, '.livetran'));
    const lines: string[] = [];
    const terminal = { out: (line: string) => void lines.push(line), err: (line: string) => void lines.push(line) };
    expect(await runCli(['list'], { env: {}, root, terminal })).toBe(2);
    expect(lines.splice(0)[0]).toContain('HMAC_SECRET is not set, and there is no');
    await writeFile(join(root, '.livetran/secrets.json'), JSON.stringify({ HMAC_SECRET: SECRET }));
    await writeFile(join(root, '.livetran/running.json'), JSON.stringify({ pid: 1, identity: 'x', url }));
    answers = [data([])];
    expect(await runCli(['list'], { env: {}, root, terminal })).toBe(0);
    expect(lines).toEqual(['no streams']);
  });
});
