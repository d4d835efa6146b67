import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { parseHandshake } from '../../../router/packet/handshake.ts';
import { conclusion, induction } from '../../../router/testing/handshakes.ts';
import type { FloodOrder } from './floodKinds.ts';

// A process that sends what its kind says to a router, so many times a second.

const RENEW_MS = 20_000;
const socket = createSocket('udp4').bind(0, '127.0.0.1');
let cookie = 0;
socket.on('message', packet => {
  const handshake = parseHandshake(packet);
  if (handshake?.kind === 'induction') ({ cookie } = handshake);
});

async function flood({ kind, port, perSecond, seconds, streamIds }: FloodOrder): Promise<void> {
  const send = (packet: Buffer): void => socket.send(packet, port, '127.0.0.1', () => undefined);
  const ask = (): void => send(induction(1));
  ask();
  await once(socket, 'message');
  const renewal = setInterval(ask, RENEW_MS);
  const make = (i: number): Buffer => {
    if (kind === 'inductions') return induction(i + 1);
    const streamId = streamIds[i % streamIds.length] ?? '';
    return conclusion({ socketId: i + 1, cookie: kind === 'forged conclusions' ? i : cookie, streamId });
  };
  const from = performance.now();
  let sent = 0;
  await new Promise<void>(done => {
    const step = (): void => {
      const elapsed = (performance.now() - from) / 1_000;
      const due = Math.floor(Math.min(elapsed, seconds) * perSecond);
      for (; sent < due; sent += 1) send(make(sent));
      if (elapsed < seconds) setTimeout(step, 1);
      else done();
    };
    step();
  });
  clearInterval(renewal);
  process.send?.({ sent });
}

process.on('message', order => void flood(order as FloodOrder));
process.on('disconnect', () => process.exit());
