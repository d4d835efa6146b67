import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** From now on nothing passes in either direction, and neither side is notified: connections stay open, new ones are taken. */
  blackHole(): void;
  /**
   * The hole is gone. `resume`: what waited passes, as after a short cut of a network. `stale`: connections of before stay
   * silent for ever, as behind a firewall that has forgotten them; new ones work.
   */
  heal(how: 'resume' | 'stale'): void;
  close(): Promise<void>;
}

/** A TCP proxy before a port of 127.0.0.1 that can swallow everything. @param host where it listens */
export async function startTcpProxy(target: number, host = '127.0.0.1'): Promise<TcpProxy> {
  const pairs = new Set<{ client: Socket; upstream: Socket }>();
  let waiting: Socket[] = [];
  let isHole = false;
  const join = (client: Socket): void => {
    const upstream = connect(target, '127.0.0.1');
    const pair = { client, upstream };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.setNoDelay(true).on('error', end).on('close', end);
    client.pipe(upstream).pipe(client);
  };
  const hold = (client: Socket): void => {
    waiting.push(client);
    client.on('error', () => client.destroy());
  };
  const clients = new Set<Socket>();
  const server = createServer(client => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    if (isHole) hold(client);
    else join(client);
  });
  await new Promise<void>(resolve => server.listen(0, host, resolve));
  const silence = ({ client, upstream }: { client: Socket; upstream: Socket }): void => {
    client.unpipe(upstream).pause();
    upstream.unpipe(client).pause();
  };
  return {
    port: (server.address() as AddressInfo).port,
    blackHole: () => {
      isHole = true;
      for (const pair of pairs) silence(pair);
    },
    heal: how => {
      isHole = false;
      const held = waiting;
      waiting = [];
      if (how === 'stale') return;
      for (const { client, upstream } of pairs) client.pipe(upstream).pipe(client);
      for (const client of held) if (!client.destroyed) join(client);
    },
    close: async () => {
      for (const { upstream } of pairs) upstream.destroy();
      for (const client of clients) client.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
