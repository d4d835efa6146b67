import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface LossyRelay {
  /** UDP port of 127.0.0.1 that leads to the target. */
  readonly port: number;
  /** Share of the datagrams that do not arrive, in both directions; 0 to 1. */
  loss: number;
  /** How much later each arrives, in both directions (ms). */
  delayMs: number;
  close(): void;
}

/** A UDP relay in front of a port of 127.0.0.1 that loses datagrams at random, or delays them, for one caller at a time. */
export async function startLossyRelay(target: number): Promise<LossyRelay> {
  const [inside, outside] = [createSocket('udp4'), createSocket('udp4')];
  let caller: number | undefined;
  let isOpen = true;
  const pass = (socket: Socket, data: Buffer, port: number | undefined): void => {
    if (port === undefined || Math.random() < relay.loss) return;
    const send = (): void => void (isOpen && socket.send(data, port, '127.0.0.1'));
    if (relay.delayMs === 0) send();
    else setTimeout(send, relay.delayMs);
  };
  outside.on('message', (data, { port }) => {
    caller = port;
    pass(inside, data, target);
  });
  inside.on('message', data => pass(outside, data, caller));
  for (const socket of [inside, outside]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  const relay: LossyRelay = {
    port: (outside.address() as AddressInfo).port,
    loss: 0,
    delayMs: 0,
    close: () => {
      isOpen = false;
      inside.close();
      outside.close();
    },
  };
  return relay;
}
