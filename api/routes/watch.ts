import { fileURLToPath } from 'node:url';
import { Router } from 'express';
import { AppError } from '../../common/errors.ts';
import { streamId } from '../../common/stream/streamId.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import { onlyMethods } from '../http/onlyMethods.ts';
import type { StreamService } from '../streams/streamService.ts';

const pages = fileURLToPath(new URL('../pages', import.meta.url));

interface WatchOptions {
  publicUrl: string;
  local: boolean;
  posters: boolean;
}

/**
 * The viewer's page `/watch/<stream_id>`, what it polls (`/watch/<stream_id>/state`). Public: they
 * show a stream's state and its public link, nothing else.
 * @param options publicUrl of the store; `local` when this process serves it under /video; whether workers make posters
 */
export function watchRoutes(streams: StreamService, options: WatchOptions): Router {
  const router = Router();
  const find = async (id: string): Promise<StreamRecord | undefined> =>
    streamId.safeParse(id).success ? streams.find(id) : undefined;
  router
    .route('/watch/:id')
    .get(async (request, response) => {
      const found = await find(request.params.id).catch(tolerateOutage);
      const page = found ? { file: 'watch.html', status: 200 } : { file: 'notFound.html', status: 404 };
      response
        .status(page.status)
        .set('Cache-Control', 'no-cache')
        .sendFile(page.file, { root: pages, cacheControl: false });
    })
    .all(onlyMethods('GET'));
  router
    .route('/watch/:id/state')
    .get(async (request, response) => {
      const record = await find(request.params.id);
      if (!record) throw new AppError('not_found', 'there is no such stream');
      response.set('Cache-Control', 'no-store').json(stateJson(record, options));
    })
    .all(onlyMethods('GET'));
  return router;
}

/** While Redis is away it is unknown whether the stream exists. The page asks again until Redis is back. */
function tolerateOutage(error: unknown): true {
  if (error instanceof AppError && error.code === 'redis_unavailable') return true;
  throw error;
}

function stateJson(record: StreamRecord, { publicUrl, local, posters }: WatchOptions) {
  const playlistUrl = record.streamLink ?? null;
  // A page opened by another name of this host (a phone in the LAN) reaches the playlist by that name as well.
  const isLocal = local && playlistUrl?.startsWith(`${publicUrl}/`);
  const localPath = isLocal ? `/video${playlistUrl?.slice(publicUrl.length)}` : null;
  // Beside the playlist, whichever of its addresses is used.
  return {
    ...{ state: record.state, latency: record.latency, playlistUrl, localPath },
    poster: posters ? 'poster.jpg' : null,
  };
}
