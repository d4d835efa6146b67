import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { parseHandshake } from '../../router/packet/handshake.ts';
import { conclusion, induction } from '../../router/testing/handshakes.ts';
import type { SrtPublisher } from '../../worker/ingest/srtPublisher.ts';
import { SrtServer } from '../../worker/ingest/srtServer.ts';
import { freeUdpPort } from '../../worker/ingest/testing/freeUdpPort.ts';
import { HoldingCaller } from '../../worker/ingest/testing/holdingCaller.ts';
import { startTestRouter, type TestRouter } from './testRouter.ts';

// Floods at a router beside a live libsrt caller. `npm run bench -- flood` does the same with 10,000 packets a second for longer.

const EACH = 3_000;
const AT_A_TIME = 20;
const LATENCY_MS = 1_000;

let cluster: TestRouter;
let server: SrtServer;
let caller: HoldingCaller;
let attacker: Socket;

beforeAll(async () => {
  cluster = await startTestRouter();
  server = await SrtServer.start({ log: silentLogger() });
  caller = new HoldingCaller();
  attacker = createSocket('udp4').bind(0, '127.0.0.1');
  await once(attacker, 'listening');
});
afterAll(async () => {
  attacker?.close();
  await caller?.stop();
  await server?.stop();
  await cluster?.stop();
});

const status = async () => (await new RouterRegistry(cluster.redis).list())[0];

async function publish(): Promise<SrtPublisher> {
  const stream = await cluster.stream('live');
  const port = await freeUdpPort();
  const arrived = Promise.withResolvers<SrtPublisher>();
  await server.openListener({
    ...{ port, bind: '127.0.0.1', latencyMs: LATENCY_MS, log: silentLogger() },
    admit: () => ({ accept: true }),
    onPublisher: arrived.resolve,
  });
  await stream.own(port);
  const { code } = await caller.call(cluster.port, stream.streamIdText);
  expect(code).toBe(0);
  return arrived.promise;
}

async function flood(make: (i: number) => Buffer): Promise<void> {
  for (let i = 0; i < EACH; i += 1) {
    attacker.send(make(i), cluster.port, '127.0.0.1');
    if (i % AT_A_TIME === 0) await sleep(1);
  }
}

/** A cookie for the attacker's address. */
async function cookie(): Promise<number> {
  attacker.send(induction(1), cluster.port, '127.0.0.1');
  for (;;) {
    const [packet] = (await once(attacker, 'message')) as [Buffer];
    const handshake = parseHandshake(packet);
    if (handshake?.kind === 'induction' && packet.readUInt32BE(12) === 1) return handshake.cookie;
  }
}

test('inductions, forged conclusions and wrong keys leave nothing behind, and cost a live stream no packet', async () => {
  const publisher = await publish();
  publisher.media.resume();
  const forged = (await cluster.stream('known')).streamIdText.replace(/.{4}$/, 'AAAA');
  const began = performance.now();
  await flood(i => induction(i + 2));
  await flood(i => conclusion({ socketId: i + 1, cookie: i, streamId: forged }));
  const own = await cookie();
  await flood(i => conclusion({ socketId: i + 1, cookie: own, streamId: forged }));
  await expect.poll(async () => (await status())?.totals.unanswered, { timeout: 10_000 }).toBeGreaterThan(0);
  const { flows, totals } = (await status()) ?? {};
  expect(flows).toBe(1);
  const seconds = (performance.now() - began) / 1_000;
  expect(totals?.refusals[1401]).toBeGreaterThan(0);
  expect(totals?.refusals[1401]).toBeLessThanOrEqual(200 * (seconds + 1));
  expect(totals?.inductions).toBeGreaterThan(EACH / 2);
  const lines = cluster.log.filter(line => line.msg === 'SRT callers refused');
  expect(lines.length).toBeLessThanOrEqual(seconds + 2);
  expect(publisher.stats().pktRcvDropTotal).toBe(0);
  expect(publisher.stats().pktRecvTotal).toBeGreaterThan(500);
});
