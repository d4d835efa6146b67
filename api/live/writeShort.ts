import type { IncomingMessage, ServerResponse } from 'node:http';
import { openHeaders } from './writeLiveAnswer.ts';

/** A CDN that asks whether a token is good may keep the answer so long, and never longer than the token is good. */
const CHECK_SECONDS = 10;

/** A preflight (https://fetch.spec.whatwg.org/#http-cors-protocol). */
export function writePreflight(request: IncomingMessage, response: ServerResponse): void {
  const wanted = request.headers['access-control-request-headers'];
  response.writeHead(204, [
    ...openHeaders,
    ...['Access-Control-Allow-Methods', 'GET, HEAD'],
    ...(wanted === undefined ? [] : ['Access-Control-Allow-Headers', wanted]),
    ...['Access-Control-Max-Age', '86400', 'Vary', 'Access-Control-Request-Headers'],
  ]);
  response.end();
}

/** Not kept: the stream may be live again in a moment, and the address may have a viewer's token. */
export function writeRedirect(response: ServerResponse, location: string): void {
  response.writeHead(302, [...openHeaders, 'Cache-Control', 'no-store', 'Location', location, 'Content-Length', '0']);
  response.end();
}

/** The viewer may play the stream. @param leftMs for how long the viewer's token is good */
export function writeYes(response: ServerResponse, leftMs: number | undefined): void {
  const seconds = Math.max(0, Math.min(CHECK_SECONDS, Math.floor((leftMs ?? Number.POSITIVE_INFINITY) / 1_000)));
  response.writeHead(204, [...openHeaders, 'Cache-Control', `max-age=${seconds}`]);
  response.end();
}
