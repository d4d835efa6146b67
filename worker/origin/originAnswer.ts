import { headers } from '../publish/store/headers.ts';
import type { EdgeFile } from './edgeFiles.ts';
import type { LiveEdge, MediaAnswer } from './liveEdge.ts';

export interface OriginAnswer {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

/** In target durations, RFC 8216bis appendix B.1: how long a cache may keep what. */
const cached = { directed: 6, playlist: 0.5, media: 6, missing: 1 } as const;

const failure = (status: number, code: string, more: Record<string, string>): OriginAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...more },
  body: JSON.stringify({ code }),
});

export const unauthorized = failure(401, 'unauthorized', { 'cache-control': 'no-store' });
export const methodNotAllowed = failure(405, 'method_not_allowed', { allow: 'GET', 'cache-control': 'no-store' });
/** The stream has another owner, no owner, or no low latency. */
export const notOwner = failure(404, 'not_owner', { 'cache-control': 'no-store' });

/** A live edge's answer as HTTP has it. */
export function originAnswer(answer: MediaAnswer, file: EdgeFile | undefined, edge: LiveEdge): OriginAnswer {
  const run = { 'x-livetran-run': edge.run };
  const keep = (targets: number): Record<string, string> => ({
    ...run,
    'cache-control': `max-age=${Math.max(1, Math.round(targets * edge.targetDuration))}`,
  });
  switch (answer.kind) {
    case 'playlist': {
      const { contentType } = headers.playlist;
      const targets = answer.isDirected ? cached.directed : cached.playlist;
      // An API fetches the newest part with the playlist that lists it: it is there even when this worker is gone a moment later.
      const link = answer.newestPart === undefined ? {} : { link: `<${answer.newestPart}>; rel=preload` };
      return { status: 200, headers: { 'content-type': contentType, ...keep(targets), ...link }, body: answer.text };
    }
    case 'bytes':
      return {
        ...{ status: 200, headers: { 'content-type': headers.segment.contentType, ...keep(cached.media) } },
        body: answer.data,
      };
    case 'moved':
      return { status: 302, headers: { location: answer.url, ...keep(cached.media) }, body: '' };
    case 'bad_directives':
      return failure(400, 'bad_directives', { ...run, 'cache-control': 'no-store' });
    case 'late':
      return failure(503, 'held_too_long', { ...run, 'retry-after': '1', 'cache-control': 'no-store' });
    case 'unknown':
      // A part of the next owner, or one that comes in a moment, may be asked for too soon.
      return failure(
        404,
        'unknown_file',
        file?.kind === 'part' ? { ...run, 'cache-control': 'no-store' } : keep(cached.missing),
      );
    default:
      return notOwner;
  }
}
