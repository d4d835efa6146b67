import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signRequest } from '../../../common/signature.ts';
import { deriveWebhookSecret } from '../../../common/webhooks/deriveWebhookSecret.ts';

export interface ReceivedWebhook {
  Status: string;
  Update: string;
  StreamLink: string;
  StreamId: string;
  EventId: string;
  Sequence: number;
  Time: string;
  Reason: string;
  SrtUrl: string;
  RecordingLink: string;
}

export interface WebhookReceiver {
  url: string;
  /** What came, with a right signature. */
  received: ReceivedWebhook[];
  /** When each of them came (performance.now()). */
  arrivals: number[];
  /** Requests whose signature was wrong. */
  forged: string[];
  /** Answers this many requests with 500 first. */
  failNext(count: number): void;
  close(): Promise<void>;
}

/** An app's webhook endpoint that checks each signature as docs/authentication.md says. WEBHOOK_SECRET is not set. */
export async function startWebhookReceiver(hmacSecret: string): Promise<WebhookReceiver> {
  const secret = deriveWebhookSecret(hmacSecret);
  const received: ReceivedWebhook[] = [];
  const arrivals: number[] = [];
  const forged: string[] = [];
  let failures = 0;
  const server = createServer(async (request, response) => {
    const body = await readAll(request);
    if (failures > 0) {
      failures -= 1;
      response.writeHead(500).end();
      return;
    }
    const signature = String(request.headers['lt-signature']);
    const time = Number(/t=(\d+)/.exec(signature)?.[1]);
    const right = signRequest({ time, method: 'POST', path: request.url ?? '', body }, secret) === signature;
    if (right) {
      received.push(JSON.parse(body) as ReceivedWebhook);
      arrivals.push(performance.now());
    } else forged.push(body);
    response.writeHead(right ? 200 : 403).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook?app=1`,
    received,
    arrivals,
    forged,
    failNext: count => {
      failures = count;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
