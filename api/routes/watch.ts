import { Router } from 'express';
import { AppError } from '../../common/errors.ts';
import { streamId } from '../../common/stream/streamId.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import type { PlaybackTokens } from '../auth/playbackTokens.ts';
import { onlyMethods } from '../http/onlyMethods.ts';
import { playerPages } from '../pages/playerPages.ts';
import type { StreamService } from '../streams/streamService.ts';
import { type PublicLinks, watchState } from '../streams/watchState.ts';
import type { Audiences } from '../viewers/audiences.ts';

/**
 * The viewer's pages `/watch/<stream_id>` and `/embed/<stream_id>` (for a frame of another site), and what they poll
 * (`/watch/<stream_id>/state`). Public: they show a stream's state, title and public links, nothing else.
 */
export function watchRoutes(
  streams: StreamService,
  audiences: Audiences,
  { tokens, ...links }: PublicLinks & { tokens: PlaybackTokens },
): Router {
  const router = Router();
  const pages = playerPages();
  const find = async (id: string): Promise<StreamRecord | undefined> =>
    streamId.safeParse(id).success ? streams.find(id) : undefined;
  for (const page of ['watch', 'embed'] as const) {
    router
      .route(`/${page}/:id`)
      .get(async (request, response) => {
        const found = await find(request.params.id).catch(tolerateOutage);
        response
          .status(found ? 200 : 404)
          .set('Cache-Control', 'no-cache')
          .type('html')
          .send(pages[found ? page : 'notFound']);
      })
      .all(onlyMethods('GET'));
  }
  router
    .route('/watch/:id/state')
    .get(async (request, response) => {
      const record = await find(request.params.id);
      if (!record) throw new AppError('not_found', 'there is no such stream');
      const token =
        record.playback === 'signed' ? checkedToken(request.query.token, record.streamId, tokens) : undefined;
      const share = await audiences.shareOf(record.streamId);
      response.set('Cache-Control', 'no-store').json(watchState(record, links, { share, token }));
    })
    .all(onlyMethods('GET'));
  return router;
}

/** While Redis is away it is unknown whether the stream exists. The page asks again until Redis is back. */
function tolerateOutage(error: unknown): true {
  if (error instanceof AppError && error.code === 'redis_unavailable') return true;
  throw error;
}

/** Of a viewer of a signed stream: `/watch/<stream_id>?token=…`. */
function checkedToken(token: unknown, id: string, tokens: PlaybackTokens): string {
  if (typeof token !== 'string') {
    throw new AppError('playback_token_missing', `stream "${id}" is signed: its page is /watch/${id}?token=<token>`);
  }
  tokens.check(token, id);
  return token;
}
