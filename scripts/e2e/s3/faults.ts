import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FaultRule } from './faultRule.ts';

/** One request at the proxy, and what can be done with it. */
export interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** Sends it on with this body; resolves to the answer. */
  forward(incoming: IncomingMessage, body: Buffer): Promise<IncomingMessage>;
  /** Leaves it open until the proxy is cleared. */
  hold(incoming: IncomingMessage): void;
  sleep(ms: number): Promise<unknown>;
}

/** Carries out one rule, or passes the request through when there is none. Rejects when either side goes away. */
export async function applyFault(rule: FaultRule | undefined, exchange: Exchange): Promise<void> {
  const { incoming, outgoing, forward, hold, sleep } = exchange;
  if (rule?.kind === 'resetMidBody') {
    await new Promise(resolve => incoming.once('data', resolve).once('end', resolve));
    incoming.socket.resetAndDestroy();
    return;
  }
  // The request is read whole before any answer: a client that is still sending would see a reset instead of it.
  const body = await readAll(incoming);
  const { socket } = incoming;
  switch (rule?.kind) {
    case undefined:
      return pass(outgoing, await forward(incoming, body));
    case 'status':
      outgoing.writeHead(rule.code ?? 500, rule.headers).end(rule.body);
      return;
    case 'garbage':
      outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please log in</body></html>');
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'blackhole':
      hold(incoming);
      return;
    case 'delay':
      await sleep(rule.delayMs ?? 0);
      return pass(outgoing, await forward(incoming, body));
    case 'slowResponse':
      return trickle(outgoing, await forward(incoming, body), () => sleep((rule.delayMs ?? 0) / slices));
    case 'truncate':
      return truncate(outgoing, await forward(incoming, body));
    case 'commitThenReset':
      await readAll(await forward(incoming, body));
      socket.resetAndDestroy();
      return;
    case 'commitThenHang':
      await readAll(await forward(incoming, body));
      hold(incoming);
      return;
  }
}

const slices = 10;

async function pass(outgoing: ServerResponse, answer: IncomingMessage): Promise<void> {
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  outgoing.end(await readAll(answer));
}

async function trickle(outgoing: ServerResponse, answer: IncomingMessage, wait: () => Promise<unknown>): Promise<void> {
  const body = await readAll(answer);
  const length = Math.ceil(body.length / slices);
  // An answer without a body has only its head to be late with.
  if (length === 0) for (let i = 0; i < slices; i += 1) await wait();
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  outgoing.flushHeaders();
  for (let i = 0; i < slices && length > 0; i += 1) {
    await wait();
    outgoing.write(body.subarray(i * length, (i + 1) * length));
  }
  outgoing.end();
}

async function truncate(outgoing: ServerResponse, answer: IncomingMessage): Promise<void> {
  const body = await readAll(answer);
  outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'content-length': body.length + 1 });
  outgoing.write(body, () => outgoing.destroy());
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
