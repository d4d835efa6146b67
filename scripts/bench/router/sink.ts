import { createSocket } from 'node:dgram';
import { inductionAnswer, parseHandshake } from '../../../router/packet/handshake.ts';
import { controlTypes, isControl } from '../../../router/packet/packet.ts';
import { quantile } from '../quantile.ts';
import { nowMicroseconds, PACKET_BYTES, type SinkReport, TIME_AT } from './benchMessages.ts';

// A process in place of all workers: accepts every caller on one port, acknowledges each 10 ms, and measures what comes.

const ACK_MS = 10;
const ACK_BYTES = 44;
const report = (message: SinkReport): void => void process.send?.(message);

interface Flow {
  port: number;
  address: string;
  callerId: number;
  next: number;
  acknowledged: number;
}

const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
const flows = new Map<number, Flow>();
let received = 0;
let latencies: number[] = [];

socket.on('message', (packet, { port, address }) => {
  const handshake = parseHandshake(packet);
  if (handshake?.kind === 'induction') socket.send(inductionAnswer(packet, 1), port, address);
  else if (handshake?.kind === 'conclusion') {
    const answer = Buffer.from(packet);
    answer.writeUInt32BE(handshake.socketId, 12);
    answer.writeUInt32BE(port, 40);
    socket.send(answer, port, address);
    flows.set(port, { port, address, callerId: handshake.socketId, next: 0, acknowledged: -1 });
  } else if (!isControl(packet) && packet.length === PACKET_BYTES) {
    received += 1;
    latencies.push(Number(nowMicroseconds() - packet.readBigUInt64BE(TIME_AT)));
    const flow = flows.get(port);
    if (flow) flow.next = packet.readUInt32BE(0) + 1;
  }
});

setInterval(() => {
  for (const flow of flows.values()) {
    if (flow.next === flow.acknowledged) continue;
    const ack = Buffer.alloc(ACK_BYTES);
    ack.writeUInt16BE(0x8000 | controlTypes.ACK, 0);
    ack.writeUInt32BE(flow.callerId, 12);
    ack.writeUInt32BE(flow.next, 16);
    flow.acknowledged = flow.next;
    socket.send(ack, flow.port, flow.address);
  }
}, ACK_MS);

process.on('message', message => {
  if (message === 'begin') [received, latencies] = [0, []];
  if (message !== 'end') return;
  const [p50, p99, max] = [0.5, 0.99, 1].map(q => quantile(latencies, q) / 1_000);
  report({ kind: 'result', received, latencies: { p50: p50 ?? 0, p99: p99 ?? 0, max: max ?? 0 } });
});
process.on('disconnect', () => process.exit());
socket.bind(0, '127.0.0.1', () => report({ kind: 'port', port: socket.address().port }));
