import { openPacketIo } from '../../../router/io/openPacketIo.ts';
import type { ConnectedSocket } from '../../../router/io/packetIo.ts';
import { parseHandshake } from '../../../router/packet/handshake.ts';
import { shutdownPacket } from '../../../router/packet/packet.ts';
import { conclusion, induction } from '../../../router/testing/handshakes.ts';
import {
  type CallersOrder,
  type CallersReport,
  nowMicroseconds,
  PACKET_BYTES,
  PACKETS_A_SECOND,
  TIME_AT,
} from './benchMessages.ts';

// A process of SRT callers that send 2 Mb/s each, spread over time, and read what comes back.

const AGAIN_MS = 250;
const report = (message: CallersReport): void => void process.send?.(message);
const begun = nowMicroseconds();

interface Caller {
  socket: ConnectedSocket;
  /** What it sends to: the listener's id. */
  peerId: number;
  sequence: number;
}

const io = await openPacketIo('auto', { bind: '127.0.0.1', port: 0 });

function call({ streamId, host, port }: CallersOrder['calls'][number], socketId: number): Promise<Caller> {
  return new Promise((resolve, reject) => {
    let next = induction(socketId);
    let done = false;
    const again = setInterval(() => socket.send(next), AGAIN_MS);
    const socket = io.connect(
      { host, port },
      {
        onConnected: () => socket.send(next),
        onPacket: packet => {
          const handshake = done ? undefined : parseHandshake(packet);
          if (!handshake) return;
          if (handshake.kind === 'induction') {
            next = conclusion({ socketId, cookie: handshake.cookie, streamId });
            socket.send(next);
            return;
          }
          done = true;
          clearInterval(again);
          if (handshake.kind === 'conclusion') resolve({ socket, peerId: handshake.socketId, sequence: 0 });
          else reject(new Error(`refused with ${handshake.code}`));
        },
        onError: reject,
      },
    );
  });
}

async function run({ calls, seconds }: CallersOrder): Promise<void> {
  const callers: Caller[] = [];
  for (const [i, each] of calls.entries()) callers.push(await call(each, 1_000_000 + i));
  report({ kind: 'connected' });
  const packet = Buffer.alloc(PACKET_BYTES, 0x47);
  const total = seconds * PACKETS_A_SECOND * callers.length;
  const from = performance.now();
  let sent = 0;
  const step = (): void => {
    const due = Math.min(total, Math.floor(((performance.now() - from) / 1_000) * PACKETS_A_SECOND * callers.length));
    for (; sent < due; sent += 1) {
      const caller = callers[sent % callers.length];
      if (caller) send(caller, packet);
    }
    if (sent < total) setTimeout(step, 1);
    else {
      for (const { socket, peerId } of callers) socket.send(shutdownPacket(peerId));
      report({ kind: 'done', sent });
    }
  };
  step();
}

function send(caller: Caller, packet: Buffer): void {
  const now = nowMicroseconds();
  packet.writeUInt32BE(caller.sequence, 0);
  packet.writeUInt32BE((0xe0000000 | (caller.sequence & 0x3ffffff)) >>> 0, 4);
  packet.writeUInt32BE(Number((now - begun) & 0xffffffffn), 8);
  packet.writeUInt32BE(caller.peerId, 12);
  packet.writeBigUInt64BE(now, TIME_AT);
  caller.sequence += 1;
  caller.socket.send(packet);
}

process.on('message', order => void run(order as CallersOrder));
process.on('disconnect', () => process.exit());
