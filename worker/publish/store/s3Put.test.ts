import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { S3Put } from './s3Put.ts';

const options = { contentType: 'video/mp2t', cacheControl: 'no-cache' };
const anHour = 3_600_000;

let server: Server;
let handler: NodeHttpHandler;
let seen: { url: string; headers: IncomingHttpHeaders }[];
/** Of the server's clock to ours. */
let skewMs: number;

/** What the signature says that the time is. */
const signedAt = ({ 'x-amz-date': time }: IncomingHttpHeaders): number =>
  Date.parse(String(time).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

beforeEach(async () => {
  seen = [];
  skewMs = 0;
  server = createServer((request, answer) => {
    request.resume().on('end', () => {
      seen.push({ url: request.url ?? '', headers: request.headers });
      const now = Date.now() + skewMs;
      answer.setHeader('date', new Date(now).toUTCString());
      if (Math.abs(signedAt(request.headers) - now) < 900_000) answer.setHeader('etag', '"tag"').end();
      else
        answer
          .writeHead(403)
          .end('<Error><Code>RequestTimeTooSkewed</Code><Message>look at your clock</Message></Error>');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  handler = new NodeHttpHandler();
});
afterEach(async () => {
  handler.destroy();
  server.close();
  await once(server, 'close');
});

function put(path = ''): S3Put {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  return new S3Put({ handler, endpoint, bucket: 'live', region: 'auto', accessKey: 'AKIATEST', secretKey: 'secret' });
}

const send = (to: S3Put, key = 'show/show_000.ts') =>
  to.send(key, Buffer.from('media'), options, AbortSignal.timeout(10_000));

test('the path is the endpoint’s, the bucket and the key, percent-encoded but for its slashes', async () => {
  expect(await send(put(), "a b/c'(1)*!.ts")).toBe('"tag"');
  await send(put('/gateway/'));
  expect(seen.map(({ url }) => url)).toEqual(['/live/a%20b/c%27%281%29%2A%21.ts', '/gateway/live/show/show_000.ts']);
  expect(seen[0]?.headers).toMatchObject({
    'content-length': '5',
    'content-type': 'video/mp2t',
    'cache-control': 'no-cache',
  });
});

test('a clock that is wrong costs one request: from then on the store’s counts, also when ours is set right', async () => {
  const to = put();
  skewMs = anHour;
  await expect(send(to)).rejects.toMatchObject({
    name: 'RequestTimeTooSkewed',
    message: 'look at your clock',
    $response: { statusCode: 403 },
  });
  expect(await send(to)).toBe('"tag"');
  skewMs = 0;
  await expect(send(to)).rejects.toThrow('look at your clock');
  expect(await send(to)).toBe('"tag"');
});
