import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

/** What a hostile receiver does with a connection, once a request has come. */
const behaviours: Record<string, (socket: Socket, target: string) => void> = {
  'never answers': () => undefined,
  'never answers either': () => undefined,
  'drips its head': socket => drip(socket, `${HEAD}X-Endless: ${'x'.repeat(8_000)}`),
  'drips its body': socket => {
    socket.write(`${HEAD}Content-Length: 1000000\r\n\r\n`);
    drip(socket, 'x'.repeat(1_000_000));
  },
  'redirects to this host': (socket, target) =>
    void socket.end(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${target}\r\nContent-Length: 0\r\n\r\n`),
  'answers with 10 MB': socket => {
    socket.write(`${HEAD}Content-Length: 10000000\r\n\r\n`);
    socket.write(Buffer.alloc(10_000_000));
  },
  'answers with a head of 10 MB': socket => void socket.write(`${HEAD}X-Large: ${'x'.repeat(10_000_000)}\r\n\r\n`),
  'says 103 for ever': socket => repeat(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 5),
  'resets the connection': socket => void socket.resetAndDestroy(),
  'speaks garbage': socket => void socket.write(Buffer.from([22, 3, 1, 255, 255, 1, 0, 250, 0, 10])),
};

const drip = (socket: Socket, text: string): void => {
  let sent = 0;
  const timer = setInterval(() => socket.write(text.slice(sent, ++sent)), 200);
  socket.on('close', () => clearInterval(timer));
};

const repeat = (socket: Socket, text: string, ms: number): void => {
  const timer = setInterval(() => socket.write(text), ms);
  socket.on('close', () => clearInterval(timer));
};

export interface HostileReceivers {
  urls: string[];
  /** Requests to the place that the redirects point to. */
  followed(): number;
  connections(): number;
  close(): Promise<void>;
}

/** Ten receivers on ports of their own, each hostile in its way; the last one is reached over https. */
export async function startHostileReceivers(): Promise<HostileReceivers> {
  const sockets = new Set<Socket>();
  let followed = 0;
  let connections = 0;
  const target = createHttpServer((_request, response) => {
    followed += 1;
    response.end();
  });
  await new Promise<void>(resolve => target.listen(0, '127.0.0.1', resolve));
  const targetUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`;
  const servers = Object.values(behaviours).map(behave =>
    createServer(socket => {
      connections += 1;
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.once('data', () => behave(socket, targetUrl));
      socket.resume();
    }),
  );
  for (const server of servers) await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    urls: servers.map((server, i) => {
      const scheme = i === servers.length - 1 ? 'https' : 'http';
      return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    }),
    followed: () => followed,
    connections: () => connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      target.closeAllConnections();
      await Promise.all([target, ...servers].map(server => new Promise(resolve => server.close(resolve))));
    },
  };
}
