import { afterEach, describe, expect, test, vi } from 'vitest';
import { loadLibc } from './libc.ts';
import { type IoKind, openPacketIo } from './openPacketIo.ts';
import type { PacketIo, Peer } from './packetIo.ts';

const WAIT = { timeout: 10_000, interval: 5 };
const open: PacketIo[] = [];

async function start(kind: IoKind, bind = '127.0.0.1') {
  const io = await openPacketIo(kind, { bind, port: 0 });
  open.push(io);
  const got: { packet: Buffer; peer: Peer }[] = [];
  io.onPacket((packet, peer) => got.push({ packet, peer }));
  return { io, got };
}

/** A connected socket, with what has happened on it. */
function call(io: PacketIo, place: { host: string; port: number }) {
  const seen = { connected: 0, packets: [] as Buffer[], errors: [] as unknown[] };
  const socket = io.connect(place, {
    onConnected: () => {
      seen.connected += 1;
    },
    onPacket: packet => seen.packets.push(packet),
    onError: error => seen.errors.push((error as NodeJS.ErrnoException).code),
  });
  return { socket, seen, isConnected: () => vi.waitUntil(() => seen.connected === 1, WAIT) };
}

const numbered = (count: number, bytes = 1_332): Buffer[] =>
  Array.from({ length: count }, (_, i) => {
    const packet = Buffer.alloc(bytes, i);
    packet.writeUInt32BE(i);
    return packet;
  });

afterEach(async () => {
  for (const io of open.splice(0)) await io.close();
});

// The system of the tests has both; another one has dgram alone.
const kinds = loadLibc() ? (['dgram', 'mmsg'] as const) : (['dgram'] as const);

describe.each(kinds)('%s', kind => {
  test.each([
    ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
    ['::1', '::1', '::1'],
    ['::', '::1', '::1'],
    ['::', '127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', 'localhost', '127.0.0.1'],
  ])('bound to %s, called at %s: packets go both ways, whole and in order', async (bind, host, shown) => {
    const { io: router, got } = await start(kind, bind);
    expect(router.kind).toBe(kind);
    const { io } = await start(kind, host === '::1' ? '::1' : '127.0.0.1');
    const { socket, seen, isConnected } = call(io, { host, port: router.port });
    await isConnected();
    const packets = numbered(100);
    for (const packet of packets) socket.send(packet);
    await vi.waitUntil(() => got.length === 100, WAIT);
    expect(got.map(({ packet }) => packet).every((packet, i) => packets[i]?.equals(packet))).toBe(true);
    expect(new Set(got.map(({ peer }) => peer.address))).toEqual(new Set([shown]));
    for (const { packet, peer } of got.slice(0, 20)) router.send(packet, { address: peer.address, port: peer.port });
    for (const { packet, peer } of got.slice(20)) router.send(packet.subarray(0, 44), peer);
    await vi.waitUntil(() => seen.packets.length === 100, WAIT);
    const expected = packets.map((packet, i) => (i < 20 ? packet : packet.subarray(0, 44)));
    expect(seen.packets.every((packet, i) => expected[i]?.equals(packet))).toBe(true);
    expect(seen.errors).toEqual([]);
  });

  test('a packet is its receiver’s: writing to it changes no other one', async () => {
    const { io: router, got } = await start(kind);
    const { socket, isConnected } = call(router, { host: '127.0.0.1', port: router.port });
    await isConnected();
    for (const packet of numbered(300, 700)) socket.send(packet);
    await vi.waitUntil(() => got.length === 300, WAIT);
    for (const { packet } of got) packet.fill(0xff, 4);
    expect(got.map(({ packet }) => packet.readUInt32BE())).toEqual(numbered(300).map((_, i) => i));
  });

  test('a refused port is reported', async () => {
    const gone = await start(kind);
    const { port } = gone.io;
    await gone.io.close();
    const { io } = await start(kind);
    const { socket, seen, isConnected } = call(io, { host: '127.0.0.1', port });
    await isConnected();
    await vi.waitUntil(() => {
      socket.send(Buffer.alloc(64));
      return seen.errors.includes('ECONNREFUSED');
    }, WAIT);
  });

  test('a host that does not exist is reported', async () => {
    const { io } = await start(kind);
    const { seen } = call(io, { host: 'no-such-host.invalid', port: 9 });
    await vi.waitUntil(() => seen.errors.length > 0, WAIT);
    expect(seen.connected).toBe(0);
  });

  test('nothing comes after a close, which may be repeated', async () => {
    const { io: router, got } = await start(kind);
    const { io } = await start(kind);
    const early = call(io, { host: '127.0.0.1', port: router.port });
    early.socket.close();
    const { socket, seen, isConnected } = call(io, { host: '127.0.0.1', port: router.port });
    await isConnected();
    expect(early.seen.connected).toBe(0);
    socket.send(Buffer.alloc(20));
    await vi.waitUntil(() => got.length === 1, WAIT);
    socket.close();
    socket.close();
    socket.send(Buffer.alloc(20));
    const [first] = got;
    if (first) router.send(first.packet, first.peer);
    const last = call(io, { host: '127.0.0.1', port: router.port });
    await last.isConnected();
    last.socket.send(Buffer.alloc(30));
    await vi.waitUntil(() => got.length > 1, WAIT);
    expect(got.map(({ packet }) => packet.length)).toEqual([20, 30]);
    expect(seen.packets).toEqual([]);
  });

  test('a port that is taken is refused with the setting’s name', async () => {
    const { io } = await start(kind);
    const again = openPacketIo(kind, { bind: '127.0.0.1', port: io.port });
    await expect(again).rejects.toThrow(/UDP port \d+ on 127.0.0.1 could not be bound \(EADDRINUSE\); .*ROUTER_PORT/);
  });

  test('promises go on between packets', async () => {
    const { io } = await start(kind);
    const order: string[] = [];
    io.onPacket(packet => {
      order.push(`packet ${packet[0]}`);
      void Promise.resolve().then(() => order.push(`promise ${packet[0]}`));
    });
    const { socket, isConnected } = call(io, { host: '127.0.0.1', port: io.port });
    await isConnected();
    for (let i = 0; i < 3; i += 1) {
      socket.send(Buffer.alloc(20, i));
      await vi.waitUntil(() => order.includes(`promise ${i}`), WAIT);
    }
    expect(order).toEqual([0, 1, 2].flatMap(i => [`packet ${i}`, `promise ${i}`]));
  });

  test('under load nothing is lost that the buffers can hold', async () => {
    const { io: router, got } = await start(kind);
    const callers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const caller = call(router, { host: '127.0.0.1', port: router.port });
        await caller.isConnected();
        return caller;
      }),
    );
    for (let round = 0; round < 50; round += 1) {
      for (const { socket } of callers) for (const packet of numbered(2, 200)) socket.send(packet);
      await new Promise(setImmediate);
    }
    await vi.waitUntil(() => got.length === 2_000, WAIT);
    for (const { packet, peer } of got.splice(0)) router.send(packet, peer);
    await vi.waitUntil(() => callers.every(({ seen }) => seen.packets.length === 100), WAIT);
  });
});
