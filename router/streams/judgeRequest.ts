import { type Refusal, refuse } from '../../common/srt/admission.ts';
import type { PublishRequest } from '../../common/srt/readPublishRequest.ts';
import type { StreamRoute } from './streamRoute.ts';

const UNKNOWN = refuse(1404, 'the stream does not run; start it, and use its new SRT URL');
const OTHER_RUN = refuse(1410, 'the stream key is for another run of this stream, which has been started again since');
const REVOKED = refuse(1410, 'the stream key was revoked; the stream has a new one');
const EXPIRED = refuse(1401, 'the stream key has expired');

/**
 * Whether a caller, whose key is ours, may publish to the stream as it is now. Undefined: it may.
 * @param route null: there is no such stream @param now ms since 1970
 */
export function judgeRequest(request: PublishRequest, route: StreamRoute | null, now: number): Refusal | undefined {
  if (!route) return UNKNOWN;
  if (route.run !== request.run) return OTHER_RUN;
  if (route.over) return UNKNOWN;
  if (request.generation < route.keyFloor) return REVOKED;
  // The worker knows which keys got in; it judges again.
  return now >= request.expiresAt && !route.keyAccepted ? EXPIRED : undefined;
}
