import type { WebhookLimits } from './webhookLimits.ts';

/**
 * The pause (ms) before the next attempt, after so many. The receiver's Retry-After counts, up to a bound, when it is longer.
 * Undefined when the next attempt would come too late: the event is given up.
 */
export function nextRetry(
  tried: { attempts: number; retryAfterMs?: number | undefined; ageMs: number },
  limits: Pick<WebhookLimits, 'firstRetryMs' | 'longestRetryMs' | 'retryAfterMs' | 'giveUpMs'>,
  random: () => number = Math.random,
): number | undefined {
  const longest = Math.min(limits.firstRetryMs * 2 ** Math.min(tried.attempts - 1, 40), limits.longestRetryMs);
  const pause = longest * (0.5 + random() / 2);
  const asked = Math.min(tried.retryAfterMs ?? 0, limits.retryAfterMs);
  const next = Math.max(pause, asked);
  return tried.ageMs + next > limits.giveUpMs ? undefined : next;
}
