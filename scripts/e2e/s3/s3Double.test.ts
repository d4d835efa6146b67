import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type S3Double, startS3Double } from './s3Double.ts';

const keys = { accessKey: 'AKIATEST', secretKey: 'secret', bucket: 'live' };
let double: S3Double;
let client: S3Client;
const clients: S3Client[] = [];

function connect(
  endpoint: string,
  changes: { id?: string; secret?: string; checksums?: 'WHEN_SUPPORTED' } = {},
): S3Client {
  const made = new S3Client({
    ...{ region: 'auto', endpoint, forcePathStyle: true, maxAttempts: 1 },
    requestChecksumCalculation: changes.checksums ?? 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    credentials: { accessKeyId: changes.id ?? keys.accessKey, secretAccessKey: changes.secret ?? keys.secretKey },
  });
  clients.push(made);
  return made;
}

const put = (Key: string, Body: string, more: object = {}) =>
  new PutObjectCommand({ Bucket: 'live', Key, Body, ContentType: 'video/mp2t', CacheControl: 'max-age=1', ...more });
const code = (call: Promise<unknown>) =>
  call.then(
    () => 'ok',
    error => `${error.$metadata?.httpStatusCode} ${error.name}`,
  );

beforeAll(async () => {
  double = await startS3Double({ ...keys, pageSize: 2 });
  client = connect(double.endpoint);
});
afterAll(async () => {
  for (const made of clients) made.destroy();
  await double.close();
});

describe('refuses', () => {
  test.each([
    ['a wrong secret', { secret: 'wrong' }, '403 SignatureDoesNotMatch'],
    ['an unknown key', { id: 'AKIAOTHER' }, '403 InvalidAccessKeyId'],
    ['the checksums that R2 refused', { checksums: 'WHEN_SUPPORTED' }, '501 NotImplemented'],
  ] as const)('%s', async (_, changes, answer) => {
    expect(await code(connect(double.endpoint, changes).send(put('refused', 'x')))).toBe(answer);
    expect(double.objects().has('refused')).toBe(false);
  });

  test.each([
    ['another bucket', put('x', 'x', { Bucket: 'other' }), '404 NoSuchBucket'],
    ['a missing object', new GetObjectCommand({ Bucket: 'live', Key: 'no' }), '404 NoSuchKey'],
    ['an ACL', put('x', 'x', { ACL: 'public-read' }), '501 NotImplemented'],
    ['a wrong MD5', put('x', 'x', { ContentMD5: Buffer.alloc(16).toString('base64') }), '400 BadDigest'],
    ['too much metadata', put('x', 'x', { Metadata: { a: 'b'.repeat(8_192) } }), '400 MetadataTooLarge'],
    ['a range outside', new GetObjectCommand({ Bucket: 'live', Key: 'short', Range: 'bytes=9-' }), '416 InvalidRange'],
    ['a made-up token', new ListObjectsV2Command({ Bucket: 'live', ContinuationToken: 'aGk=' }), '400 InvalidArgument'],
    ['a delimiter', new ListObjectsV2Command({ Bucket: 'live', Delimiter: '/' }), '501 NotImplemented'],
  ])('%s', async (_, command, answer) => {
    await code(client.send(put('short', 'x')));
    expect(await code(client.send(command as GetObjectCommand))).toBe(answer);
  });

  test('a request without a signature, and a body other than the one that was signed', async () => {
    expect((await fetch(`${double.endpoint}/live/short`)).status).toBe(403);
    const tampering = connect(double.endpoint);
    tampering.middlewareStack.add(
      next => args => {
        Object.assign(args.request as object, { body: Buffer.from('yy') });
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
    );
    expect(await code(tampering.send(put('tampered', 'xx')))).toBe('400 XAmzContentSHA256Mismatch');
  });

  test('a second write of a key within a second, and says so', async () => {
    await client.send(put('fast', 'x'));
    expect(await code(client.send(put('fast', 'x')))).toBe('429 TooManyRequests');
    expect(double.violations.filter(sentence => sentence.startsWith('fast: two writes'))).toHaveLength(1);
  });

  test('a batch delete of more than 1,000', async () => {
    const Objects = Array.from({ length: 1_001 }, (_, i) => ({ Key: `${i}` }));
    expect(await code(client.send(new DeleteObjectsCommand({ Bucket: 'live', Delete: { Objects } })))).toBe(
      '400 MalformedXML',
    );
  });
});

describe('notes what a publisher must never do', () => {
  test.each([
    ['new bytes under a segment’s name', [put('a/1.ts', 'x'), put('a/1.ts', 'y')], ['a/1.ts: its name was used again']],
    ['a wrong type', [put('b/1.ts', 'x', { ContentType: 'text/plain' })], ['b/1.ts: stored as text/plain']],
    ['no caching rule', [put('c/1.ts', 'x', { CacheControl: undefined })], ['c/1.ts: stored without Cache-Control']],
    [
      'a playlist that names what is not stored',
      [
        put('d/d.m3u8', '#EXTM3U\n#EXTINF:4,\n1.ts\n#EXT-X-GAP\n2.ts\n', {
          ContentType: 'application/vnd.apple.mpegurl',
        }),
      ],
      ['d/d.m3u8: names d/1.ts, which is not stored'],
    ],
  ])('%s', async (_, commands, sentences) => {
    const own = await startS3Double({ ...keys, writesPerSecond: 0 });
    const ownClient = connect(own.endpoint);
    for (const command of commands) await ownClient.send(command);
    const noted = own.violations.filter(sentence => !sentence.includes('two writes'));
    expect(noted).toEqual(sentences.map(sentence => expect.stringContaining(sentence)));
    await own.close();
  });
});

describe('the public side', () => {
  test('serves players without a signature: type, caching, ranges, CORS only when asked with an Origin', async () => {
    await client.send(put('pub/1.ts', '0123456789'));
    const url = `${double.publicUrl}/pub/1.ts`;
    const whole = await fetch(url);
    expect([whole.status, await whole.text()]).toEqual([200, '0123456789']);
    expect(whole.headers.get('content-type')).toBe('video/mp2t');
    expect(whole.headers.get('cache-control')).toBe('max-age=1');
    expect(whole.headers.get('access-control-allow-origin')).toBeNull();
    for (const [range, part] of Object.entries({ 'bytes=2-4': '234', 'bytes=7-': '789', 'bytes=-2': '89' })) {
      const answer = await fetch(url, { headers: { range, origin: 'https://app' } });
      expect([answer.status, await answer.text()]).toEqual([206, part]);
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    }
    expect((await fetch(`${double.publicUrl}/pub/none.ts`)).status).toBe(404);
    expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(405);
    expect((await fetch(url, { headers: { 'if-none-match': whole.headers.get('etag') ?? '' } })).status).toBe(304);
  });

  test('is shut when it is switched off', async () => {
    const shut = await startS3Double({ ...keys, publicRead: false });
    await connect(shut.endpoint).send(put('1.ts', 'x'));
    expect((await fetch(`${shut.publicUrl}/1.ts`)).status).toBe(403);
    await shut.close();
  });
});

test('keeps what was written, when, and every request', async () => {
  const begun = Date.now();
  await client.send(put('kept/1.ts', 'x', { Metadata: { token: '7' } }));
  const kept = double.objects().get('kept/1.ts');
  expect(kept).toMatchObject({ metadata: { token: '7' }, headers: { 'content-type': 'video/mp2t' } });
  expect(kept?.writes).toEqual([{ time: expect.any(Number), etag: kept?.etag }]);
  expect(kept?.writes[0]?.time).toBeGreaterThanOrEqual(begun);
  expect(double.requests.at(-1)).toMatchObject({ method: 'PUT', key: 'kept/1.ts', status: 200, public: false });
});

test('runs as a process of its own, and ends on SIGTERM', async () => {
  const child = spawn(process.execPath, [new URL('./main.ts', import.meta.url).pathname, '--secret-key', 'secret'], {
    env: { ...process.env, R2_ACCESS_KEY: keys.accessKey, BUCKET_NAME: keys.bucket },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise(resolve => child.once('exit', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const { endpoint } = JSON.parse(line) as { endpoint: string };
    await connect(endpoint).send(put('own.ts', 'x'));
    break;
  }
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});
