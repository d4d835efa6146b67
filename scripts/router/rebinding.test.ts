import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { RouterRegistry } from '../../common/routers/routerRegistry.ts';
import { silentLogger } from '../../common/testing/silentLogger.ts';
import { controlTypes } from '../../router/packet/packet.ts';
import type { SrtPublisher } from '../../worker/ingest/srtPublisher.ts';
import { SrtServer } from '../../worker/ingest/srtServer.ts';
import { freeUdpPort } from '../../worker/ingest/testing/freeUdpPort.ts';
import { HoldingCaller } from '../../worker/ingest/testing/holdingCaller.ts';
import { startTestRouter, type TestRouter } from './testRouter.ts';
import { UdpRelay } from './udpRelay.ts';

// A real libsrt caller (5 Mb/s) and a real libsrt listener, with a router and a NAT between them.

const ROUNDS = 10;
const GAP_MS = 500;
const ATTACKS = 1_000;
const LATENCY_MS = 600;

let cluster: TestRouter;
let server: SrtServer;
let caller: HoldingCaller;
let relay: UdpRelay;
let publisher: SrtPublisher;
/** When media came out of the worker's listener (ms, monotonic). */
let arrivals: number[];
let runs = 0;

beforeAll(async () => {
  cluster = await startTestRouter();
  server = await SrtServer.start({ log: silentLogger() });
});
afterAll(async () => {
  await server?.stop();
  await cluster?.stop();
});

beforeEach(async () => {
  runs += 1;
  caller = new HoldingCaller();
  relay = await UdpRelay.open(cluster.port);
  const stream = await cluster.stream(`rebound-${runs}`);
  const port = await freeUdpPort();
  arrivals = [];
  const let_in = new Promise<SrtPublisher>(done => {
    void server.openListener({
      ...{ port, bind: '127.0.0.1', latencyMs: LATENCY_MS, log: silentLogger() },
      admit: () => ({ accept: true }),
      onPublisher: done,
    });
  });
  await stream.own(port);
  const call = await caller.call(relay.port, stream.streamIdText);
  expect(call.code).toBe(0);
  publisher = await let_in;
  publisher.media.on('data', () => arrivals.push(performance.now()));
  await expect.poll(() => arrivals.length, { timeout: 10_000 }).toBeGreaterThan(10);
});

afterEach(async () => {
  await caller.stop();
  relay.close();
});

const rebinds = async (): Promise<number> => (await new RouterRegistry(cluster.redis).list())[0]?.totals.rebinds ?? 0;

/** The longest time without media since then. */
function longestGap(since: number): number {
  const times = [since, ...arrivals.filter(time => time > since)];
  return Math.max(...times.map((time, i) => (times[i + 1] ?? time) - time));
}

test(`a caller whose port changes is followed, ${ROUNDS} of ${ROUNDS}, without a packet lost`, {
  timeout: 60_000,
}, async () => {
  const before = await rebinds();
  const gaps: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const begin = performance.now();
    await relay.changePort();
    await expect
      .poll(() => arrivals.filter(time => time > begin + GAP_MS).length, { timeout: 10_000 })
      .toBeGreaterThan(5);
    gaps.push(Math.round(longestGap(begin)));
  }
  console.log(`longest pause at the worker for each new port, ms: ${gaps.join(' ')}`);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(GAP_MS);
  expect(publisher.stats().pktRcvDropTotal).toBe(0);
  await expect.poll(rebinds, { timeout: 10_000 }).toBe(before + ROUNDS);
});

/** Someone at another address, who answers each acknowledgement that it gets, as a caller does. */
async function startAttacker(): Promise<{ socket: Socket; got: () => number }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  let got = 0;
  socket.on('message', packet => {
    got += 1;
    const answer = Buffer.alloc(16);
    answer.writeUInt16BE(0x8006, 0);
    packet.copy(answer, 4, 4, 8);
    answer.writeUInt32BE(idOf(relay.recorded), 12);
    socket.send(answer, cluster.port, '127.0.0.1');
  });
  return { socket, got: () => got };
}

const isData = (packet: Buffer): boolean => (packet[0] ?? 0x80) < 0x80;
/** The id that the caller sends to. */
const idOf = (packets: readonly Buffer[]): number => packets.findLast(isData)?.readUInt32BE(12) ?? 0;
const random = (): number => Math.floor(Math.random() * 2 ** 32);

/** What is sent by one who knows the id only; by one who has recorded packets; by one who guesses what comes next. */
const attacks: ((recorded: readonly Buffer[]) => Buffer)[] = [
  recorded => {
    const types = [
      controlTypes.KEEPALIVE,
      controlTypes.ACK,
      controlTypes.NAK,
      controlTypes.SHUTDOWN,
      controlTypes.ACKACK,
    ];
    const control = Buffer.alloc(20);
    control.writeUInt16BE(0x8000 | (types[random() % types.length] ?? 0), 0);
    control.writeUInt32BE(random(), 4);
    control.writeUInt32BE(idOf(recorded), 12);
    return control;
  },
  recorded => {
    const data = recorded.filter(isData);
    return Buffer.from(data[random() % data.length] ?? Buffer.alloc(16));
  },
  recorded => {
    const data = Buffer.alloc(1_332);
    data.writeUInt32BE(random() >>> 1, 0);
    data.writeUInt32BE(random(), 4);
    data.writeUInt32BE(random(), 8);
    data.writeUInt32BE(idOf(recorded), 12);
    return data;
  },
];

test(`${ATTACKS} attempts with the right id from other addresses get no packet, and the stream goes on`, {
  timeout: 60_000,
}, async () => {
  const before = await rebinds();
  const { socket, got } = await startAttacker();
  for (let i = 0; i < ATTACKS; i += 1) {
    // Half of them while the caller is silent: 300 ms of each 500.
    if (i % 100 === 0) relay.hold();
    if (i % 100 === 50) {
      relay.release();
      await sleep(200);
    }
    const attack = attacks[i % attacks.length];
    if (attack) socket.send(attack([...relay.recorded.slice(-500)]), cluster.port, '127.0.0.1');
    if (i % 100 < 50) await sleep(6);
  }
  relay.release();
  await expect.poll(() => arrivals.at(-1) ?? 0, { timeout: 10_000 }).toBeGreaterThan(performance.now());
  expect(got()).toBe(0);
  const list = async (): Promise<number> => (await new RouterRegistry(cluster.redis).list())[0]?.totals.packetsUp ?? 0;
  const seen = await list();
  await expect.poll(list, { timeout: 10_000 }).toBeGreaterThan(seen);
  expect(await rebinds()).toBe(before);
  socket.close();
});
