// Receives webhooks on http://127.0.0.1:3000/hooks, checks that Livetran sent them, and prints them.
import { createServer } from 'node:http';
import { verifyWebhook } from '@livetran/client';

const server = createServer(async (request, response) => {
  const received = {
    signature: request.headers['lt-signature'],
    path: request.url,
    body: Buffer.concat(await request.toArray()),
  };
  try {
    const event = await verifyWebhook(received, process.env.WEBHOOK_SECRET);
    // A delivery can be repeated: do your work once for each event.EventId.
    console.log(event.StreamId, event.Status, event.Reason, event.StreamLink);
    response.writeHead(204).end();
  } catch (error) {
    response.writeHead(400).end(error.message);
  }
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
