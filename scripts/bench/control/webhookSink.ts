import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Told {
  status: string;
  reason: string;
  /** When the state was written, by Redis's clock, which is this machine's. */
  writtenAt: number;
  receivedAt: number;
}

/** Receives every stream's webhooks. */
export async function startWebhookSink(onTold: (streamId: string, told: Told) => void) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
    const told = { status: body.Status ?? '', reason: body.Reason ?? '' };
    onTold(body.StreamId ?? '', { ...told, writtenAt: Date.parse(body.Time ?? ''), receivedAt: Date.now() });
    response.writeHead(204).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
