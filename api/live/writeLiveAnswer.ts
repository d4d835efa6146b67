import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../../common/errors.ts';
import { byteRange } from './byteRange.ts';
import { codingFor, encodedBody, isEncodable } from './encodedBody.ts';
import type { LiveAnswer } from './liveAnswer.ts';

/** Any page may play it. */
export const openHeaders = [
  ...['Access-Control-Allow-Origin', '*'],
  ...['Access-Control-Expose-Headers', 'Age, Content-Length, Content-Range'],
  ...['Cross-Origin-Resource-Policy', 'cross-origin'],
  ...['Timing-Allow-Origin', '*'],
  ...['X-Content-Type-Options', 'nosniff'],
];

/**
 * Writes a playlist, segment or part, in the coding and the range that the viewer asks for. Its headers are a flat list, which Node writes as it
 * is: this runs some thousand times a second. Throws `range_unsatisfiable`.
 */
export function writeLiveAnswer(answer: LiveAnswer, request: IncomingMessage, response: ServerResponse): void {
  const headers = ['Content-Type', answer.contentType, 'Cache-Control', answer.cacheControl, ...openHeaders];
  const age = Math.floor((performance.now() - answer.at) / 1_000);
  if (age > 0) headers.push('Age', `${age}`);
  if (answer.contentType.includes('mpegurl')) writePlaylist(answer, headers, request, response);
  else writeMedia(answer, headers, request, response);
}

function writePlaylist(
  answer: LiveAnswer,
  headers: string[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const coding = isEncodable(answer) ? codingFor(request.headers['accept-encoding']) : undefined;
  headers.push('Vary', 'Accept-Encoding');
  if (coding) headers.push('Content-Encoding', coding);
  end(200, headers, coding ? encodedBody(answer, coding) : answer.body, request, response);
}

function writeMedia(answer: LiveAnswer, headers: string[], request: IncomingMessage, response: ServerResponse): void {
  const { body } = answer;
  headers.push('Accept-Ranges', 'bytes');
  const range = byteRange(request.headers.range, body.length);
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${body.length}`);
    throw new AppError('range_unsatisfiable', `the file has ${body.length} bytes`);
  }
  if (range) headers.push('Content-Range', `bytes ${range.from}-${range.to}/${body.length}`);
  const bytes = range ? body.subarray(range.from, range.to + 1) : body;
  end(range ? 206 : 200, headers, bytes, request, response);
}

function end(
  status: number,
  headers: string[],
  body: Buffer,
  { method }: IncomingMessage,
  response: ServerResponse,
): void {
  headers.push('Content-Length', `${body.length}`);
  response.writeHead(status, headers);
  response.end(method === 'HEAD' ? undefined : body);
}
