import { type RequestHandler, Router } from 'express';
import { AppError } from '../../common/errors.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import { check, parseBody } from '../http/readBody.ts';
import { listQuery, startRequest, streamRef } from '../streams/schemas.ts';
import { streamJson } from '../streams/streamJson.ts';
import type { StreamService } from '../streams/streamService.ts';
import { onlyMethods } from './onlyMethods.ts';

/** The resource API: `/api/streams` and `/api/streams/:id`. Answers `{"success":true,"data":…}`. */
export function streamRoutes(streams: StreamService, signed: RequestHandler): Router {
  const get = async (id: string): Promise<StreamRecord> => {
    const record = await streams.find(id);
    if (!record) throw new AppError('not_found', `stream "${id}" does not exist`);
    return record;
  };
  const router = Router();
  router
    .route('/api/streams')
    .get(signed, async (request, response) => {
      const records = await streams.list(check(request.query, listQuery).limit);
      response.json({ success: true, data: records.map(streamJson) });
    })
    .post(signed, async (request, response) => {
      const start = parseBody(request, startRequest);
      await streams.start(start);
      response
        .status(201)
        .location(`/api/streams/${start.stream_id}`)
        .json({ success: true, data: streamJson(await get(start.stream_id)) });
    })
    .all(onlyMethods('GET', 'POST'));
  router
    .route('/api/streams/:id')
    .get(signed, async (request, response) => {
      response.json({ success: true, data: streamJson(await get(idOf(request.params))) });
    })
    .delete(signed, async (request, response) => {
      const id = idOf(request.params);
      // Deleting a STOPPED stream is no error. A stream that does not exist is reported below.
      await streams.stop(id).catch((error: unknown) => {
        if (!(error instanceof AppError && error.code === 'stream_not_found')) throw error;
      });
      response.status(202).json({ success: true, data: streamJson(await get(id)) });
    })
    .all(onlyMethods('GET', 'DELETE'));
  return router;
}

const idOf = (params: { id: string }): string => check({ stream_id: params.id }, streamRef).stream_id;
