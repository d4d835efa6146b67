import { type RequestHandler, Router } from 'express';
import { caller } from '../auth/caller.ts';
import { quotaOf } from '../auth/quotaOf.ts';
import { checkInput } from '../http/checkInput.ts';
import { onlyMethods } from '../http/onlyMethods.ts';
import { parseBody } from '../http/parseBody.ts';
import { rawBody } from '../http/readBody.ts';
import { requestIdOf } from '../http/requestId.ts';
import { livetranStart, streamRef } from '../streams/schemas.ts';
import type { StreamService } from '../streams/streamService.ts';

/**
 * Livetran's three calls, with its bodies and status codes. Signatures are checked before a body is parsed.
 * @param checks.body Livetran's signature, over the body
 * @param checks.request the resource API's, for a status call without a body: Livetran's is the same for all of these
 */
export function livetranRoutes(
  streams: StreamService,
  checks: { body: RequestHandler; request: RequestHandler },
): Router {
  const router = Router();
  const signed = checks.body;
  const signedStatus: RequestHandler = (request, response, next) =>
    (rawBody(request).length > 0 ? checks.body : checks.request)(request, response, next);
  router
    .route('/api/start-stream')
    .post(signed, async (request, response) => {
      const { stream_id: id, ...start } = parseBody(request, livetranStart);
      await streams.start(id, start, { quota: quotaOf(caller.of(response)), requestId: requestIdOf(response) });
      response.json({ success: true, data: 'Stream launching!' });
    })
    .all(onlyMethods('POST'));
  router
    .route('/api/stop-stream')
    .post(signed, async (request, response) => {
      await streams.stop(parseBody(request, streamRef).stream_id, { requestId: requestIdOf(response) });
      response.json({ success: true, data: 'Stream stopped!' });
    })
    .all(onlyMethods('POST'));
  router
    .route('/api/status')
    .get(signedStatus, async (request, response) => {
      // Livetran reads the id from the GET's body; clients that cannot send one put it in the query.
      const ref = rawBody(request).length > 0 ? parseBody(request, streamRef) : checkInput(request.query, streamRef);
      const { state } = await streams.get(ref.stream_id);
      response.status(202).json({ success: true, data: `Status: ${state}` });
    })
    .all(onlyMethods('GET'));
  return router;
}
