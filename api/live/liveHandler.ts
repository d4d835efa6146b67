import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Histogram } from '@opentelemetry/api';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import type { PlaybackTokens } from '../auth/playbackTokens.ts';
import type { LiveAnswer } from './liveAnswer.ts';
import { liveDirectives } from './liveDirectives.ts';
import type { LiveOrigin } from './liveOrigin.ts';
import { type LivePath, parseLivePath } from './livePath.ts';
import type { LiveStream } from './liveStream.ts';
import type { SlowViewers } from './slowViewers.ts';
import type { StreamOwners } from './streamOwners.ts';
import { writeLiveAnswer } from './writeLiveAnswer.ts';
import { writeLiveProblem } from './writeLiveProblem.ts';
import { writePreflight, writeRedirect, writeYes } from './writeShort.ts';

export interface LiveDeps {
  owners: StreamOwners;
  origin: LiveOrigin;
  tokens: PlaybackTokens;
  slow: SlowViewers;
  /** Where the bucket's objects are, for players: an URL or a path, without a slash at its end. */
  bucketUrl: string;
  /** Seconds, by route, method and status. */
  duration: Histogram;
  log: Logger;
}

const isLive = (url: string): boolean => url.startsWith('/live/') || url === '/live';

/**
 * `/live[/<token>]/<stream_id>/<file>`, for viewers and CDNs: low-latency playlists, segments and parts. It answers before Express does, since a
 * thousand viewers ask six thousand times a second. Other paths go to `next`.
 */
export function liveHandler(deps: LiveDeps, next: RequestListener): RequestListener {
  return (request, response) => {
    if (!isLive(request.url ?? '')) return next(request, response);
    const begun = performance.now();
    void answer(deps, request, response)
      .catch(error => writeLiveProblem(error, request, response, deps.log))
      .finally(() => {
        deps.slow.watch(response);
        const { statusCode: status } = response;
        deps.duration.record((performance.now() - begun) / 1_000, {
          route: '/live',
          method: request.method ?? '',
          status,
        });
      });
  };
}

async function answer(deps: LiveDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = '' } = request;
  if (method === 'OPTIONS') return writePreflight(request, response);
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD, OPTIONS');
    throw new AppError('method_not_allowed', `${method} is not allowed here; use GET or HEAD`);
  }
  const end = url.indexOf('?');
  const path = parseLivePath(end === -1 ? url : url.slice(0, end));
  if (!path) throw noSuchFile();
  const { token, streamId, file, kind } = path;
  const leftMs = token === undefined ? undefined : deps.tokens.check(token, streamId);
  const stream = await deps.owners.find(streamId);
  if (stream?.isSigned && token === undefined) throw missingToken(streamId);
  if (kind === 'check') return writeYes(response, leftMs);
  if (!stream) throw new AppError('stream_not_found', `there is no stream "${streamId}"`);
  const directives = kind === 'playlist' && end !== -1 ? liveDirectives(url.slice(end + 1)) : '';
  const found = stream.isLowLatency ? await deps.origin.get({ streamId, file, directives }) : undefined;
  // A viewer who has gone while the answer was awaited.
  if (response.destroyed) return;
  if (found?.status === 200) writeLiveAnswer(found, request, response);
  else if (found === undefined || found.status === 302) redirectToBucket(deps, path, stream, response);
  else throw refusal(found, response);
}

/** What the worker does not have is in the bucket: older segments, and everything of a stream that has ended, or has no parts. */
function redirectToBucket({ bucketUrl }: LiveDeps, path: LivePath, stream: LiveStream, response: ServerResponse): void {
  const { token, streamId, file, kind } = path;
  if (kind === 'part') throw noSuchFile();
  const place = stream.isSigned && token !== undefined ? `${token}/${streamId}` : streamId;
  writeRedirect(response, `${bucketUrl}/${place}/${file}`);
}

/** The worker's 400, 404 and 503 as a problem document, kept by caches for as long as the worker says. */
function refusal({ status, cacheControl, body }: LiveAnswer, response: ServerResponse): AppError {
  response.setHeader('Cache-Control', cacheControl);
  if (status === 404) return noSuchFile();
  if (status === 400) return new AppError('parameter_invalid', `_HLS_msn: ${ruleOf(body)}`);
  return new AppError('origin_unavailable', 'the part did not come within three target durations');
}

/** The worker's own words, where it has any. */
function ruleOf(body: Buffer): string {
  try {
    const { error } = JSON.parse(body.toString('utf8')) as { error?: unknown };
    if (typeof error === 'string') return error.slice(0, 200);
  } catch {
    // It said nothing that can be passed on.
  }
  return 'must be at most two segments after the last one';
}

const noSuchFile = (): AppError => new AppError('not_found', 'there is no such file');

const missingToken = (streamId: string): AppError =>
  new AppError(
    'playback_token_missing',
    `stream "${streamId}" is signed: its path is /live/<token>/${streamId}/<file>`,
  );
