import type { Response } from 'express';
import type { LimitState, Verdict } from './admission.ts';
import { WINDOW_SECONDS } from './admissionCall.ts';

/**
 * The limits that counted, in the fields of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` (quota, window in seconds) and
 * `RateLimit` (what is left, seconds until all of it is there again).
 */
export function setRateLimitHeaders(response: Response, { address, key }: Pick<Verdict, 'address' | 'key'>): void {
  const limits = [key && describe('key', key), address && describe('address', address)].filter(
    each => each !== undefined,
  );
  if (limits.length === 0) return;
  response.setHeader('RateLimit-Policy', limits.map(({ policy }) => policy).join(', '));
  response.setHeader('RateLimit', limits.map(({ state }) => state).join(', '));
}

function describe(name: string, { quota, left, fullInMs }: LimitState): { policy: string; state: string } {
  return {
    policy: `"${name}";q=${quota};w=${WINDOW_SECONDS}`,
    state: `"${name}";r=${left};t=${Math.ceil(fullInMs / 1_000)}`,
  };
}
