import type { StartQuota } from '../../common/stream/startOptions.ts';
import type { Caller } from './caller.ts';

/** How many streams the caller's key may start, and have. */
export const quotaOf = ({ keyId, key }: Caller): StartQuota => ({
  keyId,
  maxStreams: key?.maxStreams,
  startsPerMinute: key?.startsPerMinute,
});
