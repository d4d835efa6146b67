import type { Meter } from '@opentelemetry/api';
import { Router } from 'express';
import { AppError } from '../../common/errors.ts';
import { streamId } from '../../common/stream/streamId.ts';
import { onlyMethods } from '../http/onlyMethods.ts';
import { parseBody } from '../http/parseBody.ts';
import { readBodyUpTo } from '../http/readBody.ts';
import type { Audiences } from '../viewers/audiences.ts';
import { BeaconLimit } from '../viewers/beaconLimit.ts';
import { BEACON_MAX, viewerBeacon } from '../viewers/viewerBeacon.ts';

/**
 * `POST /watch/<stream_id>/beacon`: what a viewer's page reports of its playing (viewerBeacon.ts). Public, as the page is; so its size, its
 * rate and its values are bounded, and beacons for streams that do not run are dropped. Whatever type the body is said to have: a page that
 * is left sends it by navigator.sendBeacon.
 */
export function beaconRoutes(audiences: Audiences, meter: Meter): Router {
  const router = Router();
  const limit = new BeaconLimit();
  const outcomes = meter.createCounter('livetran_viewer_beacons', {
    description: "Viewers' beacons, by what became of them",
  });
  router
    .route('/watch/:id/beacon')
    .post(
      (request, _response, next) => {
        if (limit.admits(request.ip ?? '')) return next();
        outcomes.add(1, { outcome: 'limited' });
        throw new AppError('rate_limited', 'too many beacons from this address', { retryAfterSeconds: 60 });
      },
      readBodyUpTo(BEACON_MAX),
      (request, response) => {
        const id = streamId.safeParse(request.params.id).data;
        if (id === undefined) throw new AppError('not_found', 'there is no such stream');
        const isTaken = audiences.take(id, parseBody(request, viewerBeacon));
        outcomes.add(1, { outcome: isTaken ? 'taken' : 'dropped' });
        response.status(204).end();
      },
    )
    .all(onlyMethods('POST'));
  return router;
}
