import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../common/errors.ts';
import { OpenSockets } from './openSockets.ts';
import type { Certificate } from './readCertificate.ts';
import { refuseMalformed } from './refuseMalformed.ts';

export interface HttpServer {
  /** Where this host reaches it, e.g. `https://localhost:8080`. */
  readonly url: string;
  readonly port: number;
  /** New connections get this certificate; open ones keep theirs. Throws what OpenSSL refuses. HTTPS only. */
  useCertificate(certificate: Certificate): void;
  /** Stops accepting, lets open requests end, and cuts those that are still open after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * A caller that never ends its handshake or its headers is cut within 12 s, one that never ends its body within 32 s: Node
 * looks at the last two every `connectionsCheckingInterval`. Proxies keep idle connections for a minute; one that is closed at
 * the moment they use it is a 502.
 */
const limits = {
  handshakeTimeout: 10_000,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 65_000,
  // Such a request is refused by requireHost, with a problem document.
  requireHostHeader: false,
};

const MIN_TLS = 'TLSv1.2';

/** More are closed as they come: each takes memory, with TLS about 50 kB. */
const MAX_CONNECTIONS = 5_000;

/** Listens on HTTPS (TLS 1.2 and up), or plain HTTP without a certificate. Throws `port_unavailable`. */
export async function startHttpServer(options: {
  handler: RequestListener;
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** The variable that sets the port, for error messages. */
  portName?: string;
  certificate?: Certificate;
}): Promise<HttpServer> {
  const server = options.certificate
    ? createTlsServer({ ...options.certificate, ...limits, minVersion: MIN_TLS }, options.handler)
    : createServer(limits, options.handler);
  server.maxConnections = MAX_CONNECTIONS;
  refuseMalformed(server);
  const sockets = new OpenSockets(server);
  server.listen(options.port, options.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, options);
  }
  const { port } = server.address() as AddressInfo;
  const url = `${options.certificate ? 'https' : 'http'}://${reachable(options.host)}:${port}`;
  let stopping: Promise<void> | undefined;
  return {
    url,
    port,
    useCertificate: certificate => {
      if (server instanceof TlsServer) server.setSecureContext({ ...certificate, minVersion: MIN_TLS });
    },
    stop: deadlineMs => {
      stopping ??= stopServer(server, sockets, deadlineMs);
      return stopping;
    },
  };
}

async function stopServer(server: Server, sockets: OpenSockets, deadlineMs: number): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()));
  // A connection whose last answer has just gone out is kept alive for the next request: there will be none.
  sockets.endUnused();
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const cut = setTimeout(() => {
    server.closeAllConnections();
    sockets.endAll();
  }, deadlineMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function listenError(
  error: NodeJS.ErrnoException,
  { host, port, portName = 'API_PORT' }: { host: string; port: number; portName?: string },
): AppError {
  const rules: Record<string, string> = {
    EADDRINUSE: `another program listens there; stop it or set ${portName}`,
    EACCES: `this user may not listen there; set ${portName} to a port above 1023`,
    EADDRNOTAVAIL: 'this host has no such address; set API_HOST',
    ENOTFOUND: 'this host has no such address; set API_HOST',
  };
  const rule = rules[error.code ?? ''] ?? error.message;
  return new AppError('port_unavailable', `cannot listen on ${host} port ${port}: ${rule}`, { cause: error });
}
