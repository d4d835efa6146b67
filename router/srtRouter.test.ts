import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { mintStreamKey } from '../common/srt/mintStreamKey.ts';
import { silentLogger } from '../common/testing/silentLogger.ts';
import { RouterSecrets } from './admit/routerSecrets.ts';
import { flowLimits } from './flow/flowTable.ts';
import type { Peer } from './io/packetIo.ts';
import { parseHandshake } from './packet/handshake.ts';
import { controlType } from './packet/packet.ts';
import { SrtRouter } from './srtRouter.ts';
import { conclusion, induction } from './testing/handshakes.ts';

const secret = 'a secret of the test, long enough';
const key = mintStreamKey({ streamId: 'live', run: 'r1', secret, ttlSeconds: 60 });
const streamId = `mode=publish,rid=live,token=${key}`;
const secrets = new RouterSecrets(secret);
const peer = { address: '192.0.2.1', port: 5_000 };
const routers: SrtRouter[] = [];

afterEach(() => {
  for (const router of routers.splice(0)) router.stop();
});

/** A router whose streams all run, and have no worker. */
function setUp() {
  const sent: { packet: Buffer; peer: Peer }[] = [];
  const worker = { token: '7', ringMs: undefined, target: undefined };
  const route = { run: 'r1', over: false, keyAccepted: false, keyFloor: 0, reason: '', ...worker };
  const router = new SrtRouter({
    secret,
    ...{ ringMs: 0, ringBytes: 0, log: silentLogger() },
    io: {
      send: (packet, to) => sent.push({ packet, peer: to }),
      connect: () => {
        throw new Error('no stream has a worker');
      },
    },
    streams: { get: () => route, refresh: () => undefined },
    onLost: () => undefined,
  });
  routers.push(router);
  return { router, sent };
}
const call = (socketId: number, from: Peer = peer, text = streamId): Buffer =>
  conclusion({ socketId, cookie: secrets.cookie(from, Date.now()), streamId: text });

describe('SrtRouter', () => {
  test('keeps nothing of inductions, wrong cookies and wrong keys', () => {
    const { router, sent } = setUp();
    for (let i = 1; i <= 1_000; i += 1) {
      router.receive(induction(i), peer);
      router.receive(conclusion({ socketId: i, cookie: i, streamId }), peer);
      router.receive(call(i, peer, 'mode=publish,rid=live,token=a.b.c'), peer);
    }
    expect(router.flows).toBe(0);
    const { inductions, refusals, unanswered } = router.counters.totals;
    expect(inductions).toBe(1_000);
    // A wrong cookie gets no answer: its sender may be someone else than it says.
    expect(sent.length).toBe(1_000 + (refusals[1401] ?? 0));
    expect((refusals[1401] ?? 0) + unanswered).toBe(1_000);
  });

  test('an address that is refused too often is not answered for the rest of the second; others are', () => {
    const { router, sent } = setUp();
    for (let i = 1; i <= 5_000; i += 1) router.receive(call(1, peer, 'mode=publish,rid=live,token=a.b.c'), peer);
    const answered = sent.length;
    expect(answered).toBeLessThan(2_000);
    expect(router.counters.totals.unanswered).toBe(5_000 - answered);
    const other = { address: '198.51.100.1', port: 1 };
    router.receive(call(2, other, 'mode=publish,rid=live,token=a.b.c'), other);
    expect(sent.length).toBe(answered + 1);
  });

  test('holds a caller with a good key, once however often it repeats itself', () => {
    const { router } = setUp();
    for (let i = 0; i < 10; i += 1) router.receive(call(1), peer);
    expect(router.flows).toBe(1);
  });

  test('a stream has a few callers at most', () => {
    const { router, sent } = setUp();
    for (let i = 1; i <= 100; i += 1) router.receive(call(i), peer);
    expect(router.flows).toBe(flowLimits.stream);
    expect(parseHandshake(sent.at(-1)?.packet ?? Buffer.alloc(0))).toMatchObject({ kind: 'refusal', code: 2409 });
  });

  test('refuses callers of SRT before 1.3', () => {
    const { router, sent } = setUp();
    router.receive(conclusion({ socketId: 1, version: 4, cookie: secrets.cookie(peer, Date.now()), streamId }), peer);
    expect(parseHandshake(sent[0]?.packet ?? Buffer.alloc(0))?.code).toBe(2400);
  });

  test('ends connections that it does not know, which another router had', () => {
    const { router, sent } = setUp();
    const data = Buffer.alloc(1_332);
    data.writeUInt32BE(secrets.publicId(4_711), 12);
    router.receive(data, peer);
    expect(sent.map(({ packet }) => [controlType(packet), packet.readUInt32BE(12)])).toEqual([[5, 4_711]]);
    for (let i = 0; i < 10_000; i += 1) router.receive(Buffer.from(data), peer);
    expect(sent.length).toBeLessThanOrEqual(4_000);
  });

  test('no packet makes it throw or keep anything, also one that follows a good cookie', () => {
    const { router } = setUp();
    const known = call(1);
    router.receive(known, peer);
    const to = Buffer.alloc(4);
    to.writeUInt32BE(secrets.publicId(1));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_500 }), fc.nat(3), (bytes, kind) => {
        const packet = Buffer.from(bytes);
        if (kind === 1 && packet.length >= 16) to.copy(packet, 12);
        if (kind === 2 && packet.length >= 16) known.copy(packet, 0, 0, 48);
        if (kind === 3 && packet.length >= 16) packet[0] = 0x80;
        router.receive(packet, peer);
      }),
    );
    expect(router.flows).toBeLessThanOrEqual(1);
  });

  test('stop() answers the callers that it holds, and may be called twice', () => {
    const { router, sent } = setUp();
    router.receive(call(1), peer);
    router.stop();
    router.stop();
    expect(sent.map(({ packet }) => parseHandshake(packet)?.code)).toEqual([2503]);
    router.receive(call(2), peer);
    expect(router.flows).toBe(0);
  });
});
