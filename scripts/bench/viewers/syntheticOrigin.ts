import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { SyntheticEdge } from './syntheticEdge.ts';

// A worker's origin without a worker, as a process of its own: `node syntheticOrigin.ts <streams> <part ms> <kb/s>`. Streams are `live-0`,
// `live-1`, …; their parts close one after the other, spread over the part's length. Prints one line of JSON with its URL.

const [streams = 1, partMs = 333, kbps = 2_000] = process.argv.slice(2).map(Number);
const edges = new Map<string, SyntheticEdge>();
let asked = 0;
for (let i = 0; i < streams; i += 1) {
  const edge = new SyntheticEdge(`live-${i}`, { partMs, kbps });
  edges.set(`live-${i}`, edge);
  // So that a viewer who comes at once finds something.
  for (let part = 0; part < 12; part += 1) edge.tick();
  setTimeout(() => setInterval(() => edge.tick(), partMs), (i * partMs) / streams);
}
const server = createServer({ settings: { maxConcurrentStreams: 10_000 } }, (request, response) => {
  asked += 1;
  const [, id = ''] = request.url.split('/', 2);
  const edge = edges.get(id);
  if (!edge) {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(`{"code":"not_owner","asked":${asked}}`);
    return;
  }
  edge.ask(request.url, ({ type, cache, body }) => {
    response.writeHead(200, { 'content-type': type, 'cache-control': cache });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const msg = 'listening';
console.log(JSON.stringify({ msg, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
