import { Agent, createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultKind, FaultRule } from './faultRule.ts';
import { applyFault, type Exchange } from './faults.ts';

export type { FaultKind, FaultRule } from './faultRule.ts';

export interface ProxyEntry {
  method: string;
  path: string;
  fault: FaultKind | undefined;
  /** ms since 1970. */
  time: number;
}

export interface FaultProxy {
  endpoint: string;
  /** Replaces the rules. The first that fits a request takes it; a request that none fits passes. */
  set(...rules: FaultRule[]): void;
  /** Refuses connections, and resets those there are, until it is cleared. Resolves when it does. */
  refuse(): Promise<void>;
  /** No more faults; requests that hang are reset. Resolves when connections are taken. */
  clear(): Promise<void>;
  log: readonly ProxyEntry[];
  close(): Promise<void>;
}

/** An HTTP proxy before `target` (http://host:port) that spoils requests by rule. The Host header stays, or signatures break. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const log: ProxyEntry[] = [];
  const held = new Set<IncomingMessage>();
  let rules: FaultRule[] = [];
  const forward: Exchange['forward'] = (incoming, body) =>
    new Promise((resolve, reject) => {
      const { method, url: path, headers } = incoming;
      const upstream = httpRequest({ ...{ hostname, port, agent, method, path, headers } }, resolve);
      upstream.once('error', reject).end(body);
    });
  const hold = (incoming: IncomingMessage) => {
    held.add(incoming);
    incoming.socket.once('close', () => held.delete(incoming));
  };
  const server = createServer((incoming, outgoing) => {
    const rule = pick(rules, incoming);
    const { method = '', url: path = '' } = incoming;
    log.push({ method, path, fault: rule?.kind, time: Date.now() });
    // A client that has gone, or a target that has: either way no peer is left.
    applyFault(rule, { incoming, outgoing, forward, hold, sleep }).catch(() => incoming.socket.destroy());
  });
  server.keepAliveTimeout = 120_000;
  const listen = (on: number) => new Promise<void>(resolve => server.listen(on, '127.0.0.1', resolve));
  await listen(0);
  const own = (server.address() as AddressInfo).port;
  const release = () => {
    rules = [];
    for (const { socket } of held) socket.resetAndDestroy();
  };
  const stop = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    endpoint: `http://127.0.0.1:${own}`,
    set: (...next) => {
      rules = next.map(rule => ({ ...rule }));
    },
    refuse: stop,
    clear: async () => {
      release();
      if (!server.listening) await listen(own);
    },
    log,
    close: async () => {
      release();
      agent.destroy();
      await stop();
    },
  };
}

function pick(rules: readonly FaultRule[], { method, url = '' }: IncomingMessage): FaultRule | undefined {
  const rule = rules.find(
    ({ count = 1, probability = 1, ...wanted }) =>
      count > 0 &&
      (wanted.method ?? method) === method &&
      (wanted.match?.test(url) ?? true) &&
      Math.random() < probability,
  );
  if (rule?.count !== undefined) rule.count -= 1;
  return rule;
}
