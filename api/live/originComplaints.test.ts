import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { Logger } from '../../common/createLogger.ts';
import { LiveCache } from './liveCache.ts';
import { LiveOrigin } from './liveOrigin.ts';
import type { LiveStream } from './liveStream.ts';
import { OriginComplaints } from './originComplaints.ts';
import { OriginSessions } from './originSessions.ts';
import type { StreamOwners } from './streamOwners.ts';

/** What is in the log after a request to this origin. */
async function linesOf(origin: string): Promise<string[]> {
  const lines: string[] = [];
  const log = { warn: (_details: object, sentence: string) => lines.push(sentence) } as unknown as Logger;
  const stream: LiveStream = { streamId: 'a', run: 'r', isSigned: false, isLowLatency: true, hasStarted: true, origin };
  const owners = {
    find: async () => stream,
    doubt: () => undefined,
    change: async (_id: string, ms: number) => new Promise<void>(done => setTimeout(done, ms)),
  } as unknown as StreamOwners;
  const sessions = new OriginSessions('key');
  const complaints = new OriginComplaints(log);
  const live = new LiveOrigin({ owners, sessions, cache: new LiveCache(1_000), holdMs: 700, complaints });
  await expect(live.get({ streamId: 'a', file: 'a.m3u8', directives: '' })).rejects.toMatchObject({
    code: 'origin_unavailable',
  });
  sessions.close();
  return lines;
}

test('an origin that cannot be reached, or that refuses the key, is in the log once, with what to set', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(401);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await linesOf(origin)).toEqual([expect.stringMatching(/refuses the key of this API; set HMAC_SECRET alike/)]);
  server.close();
  await once(server, 'close');
  expect(await linesOf(origin)).toEqual([expect.stringMatching(/does not answer; .*ORIGIN_BIND/)]);
});
