import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { probeSegment } from './probeSegment.ts';
import { proveEnded, provePlayable } from './provePlayable.ts';
import { testEncoderArguments } from './testEncoder.ts';

const { signal } = new AbortController();
let dir: string;
let server: Server;
let base: string;
/** What the server says in place of a file of that name. */
let overrides: Map<string, { status: number; body: string }>;

/** Real segments: 4 s of H.264 and AAC in three pieces, and the playlist that FFmpeg writes about them. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'livetran-proof-'));
  await execa('ffmpeg', [
    ...[
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=320x180:rate=10',
      '-f',
      'lavfi',
      '-i',
      'sine=sample_rate=48000',
    ],
    ...['-t', '4', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '10', '-c:a', 'aac'],
    ...['-f', 'hls', '-hls_time', '1.2', '-hls_list_size', '0', join(dir, 'x.m3u8')],
  ]);
  server = createServer(async (request, response) => {
    const name = request.url?.slice(1) ?? '';
    const { status, body } = overrides.get(name) ?? { status: 200, body: await readFile(join(dir, name)) };
    response.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  overrides = new Map();
});

afterAll(async () => {
  server.close();
  await once(server, 'close');
  await rm(dir, { recursive: true });
});

const prove = (name: string, size = '320x180') =>
  provePlayable({ playlistUrl: `${base}/${name}`, size, signal, onSegment: () => undefined });

describe('provePlayable', () => {
  test('fetches and probes every segment', async () => {
    expect(await prove('x.m3u8')).toEqual([{ url: `${base}/x.m3u8`, segments: 3, size: '320x180' }]);
  });

  test('checks each rendition of a multivariant playlist against the size that it promises', async () => {
    const variants = ['320x180', '640x360'].map(size => `#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=${size}\nx.m3u8\n`);
    overrides.set('one', { status: 200, body: `#EXTM3U\n${variants[0]}` });
    overrides.set('both', { status: 200, body: `#EXTM3U\n${variants.join('')}` });
    expect(await prove('one', '1x1')).toMatchObject([{ segments: 3, size: '320x180' }]);
    await expect(prove('both')).rejects.toThrow('size is 320x180, not 640x360');
  });

  test('a listed segment that is not there is a failure', async () => {
    overrides.set('x1.ts', { status: 404, body: '' });
    await expect(prove('x.m3u8')).rejects.toThrow(`${base}/x1.ts answers with HTTP status 404`);
  });

  test('a picture of another size is a failure', async () => {
    await expect(prove('x.m3u8', '1280x720')).rejects.toThrow('size is 320x180, not 1280x720');
  });
});

test('proveEnded wants EXT-X-ENDLIST and every segment', async () => {
  const playlist = await readFile(join(dir, 'x.m3u8'), 'utf8');
  await proveEnded([`${base}/x.m3u8`], signal);
  overrides.set('live.m3u8', { status: 200, body: playlist.replace('#EXT-X-ENDLIST\n', '') });
  await expect(proveEnded([`${base}/live.m3u8`], signal)).rejects.toThrow('has no EXT-X-ENDLIST');
  overrides.set('x2.ts', { status: 404, body: '' });
  await expect(proveEnded([`${base}/x.m3u8`], signal)).rejects.toThrow('x2.ts answers with HTTP status 404');
});

test('the test encoder sends 1280x720 H.264 with AAC at 48 kHz', async () => {
  const file = join(dir, 'encoded.ts');
  const args = testEncoderArguments(file).filter(word => word !== '-re');
  await execa('ffmpeg', [...args.slice(0, -1), '-t', '0.5', file]);
  const segment = await readFile(file);
  expect(await probeSegment(segment, signal)).toEqual({
    video: 'h264',
    size: '1280x720',
    audio: 'aac',
    sampleRate: 48_000,
  });
});

test('a segment without sound is reported as such', async () => {
  const file = join(dir, 'silent.ts');
  await execa('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=64x64', '-t', '0.2', file]);
  await expect(probeSegment(await readFile(file), signal)).rejects.toThrow('a segment holds no sound');
  await writeFile(file, 'no media');
  await expect(probeSegment(await readFile(file), signal)).rejects.toThrow(/ffprobe/);
});
