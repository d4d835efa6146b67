import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A UDP port of 127.0.0.1 that is free at this moment. */
export async function freeUdpPort(): Promise<number> {
  const socket = await holdUdpPort(0);
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Holds a UDP port of 127.0.0.1, as a foreign process would. The caller closes it. */
export async function holdUdpPort(port: number): Promise<Socket> {
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
