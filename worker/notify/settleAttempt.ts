import type { WebhookJob } from '../../common/redis/queues.ts';
import type { WebhookAnswer } from '../../common/webhooks/postWebhook.ts';
import type { WebhookDelivery } from '../../common/webhooks/webhookDelivery.ts';
import { nextRetry } from './nextRetry.ts';
import { type Ending, WebhookLanes } from './webhookLanes.ts';
import type { WebhookLimits } from './webhookLimits.ts';

export interface Attempt {
  webhook: WebhookJob;
  /** This one included. */
  attempts: number;
  /** Since the event (ms). */
  ageMs: number;
}

/** An answer; none, and why; or the event was too old to be sent at all. */
export type Outcome =
  | (WebhookAnswer & { tookMs: number })
  | { error: Error; forbidden: boolean; tookMs: number }
  | 'too late';

/** What follows from an attempt: how it ends, in a sentence for the job, and whether the job has failed. @param now ms */
export function settle(
  attempt: Attempt,
  outcome: Outcome,
  limits: WebhookLimits,
  now: number,
): { ending: Ending; message: string; failed: boolean } {
  const answer = typeof outcome === 'object' && 'status' in outcome ? outcome : undefined;
  const tookMs = outcome === 'too late' ? 0 : outcome.tookMs;
  const ok = answer !== undefined && answer.status >= 200 && answer.status <= 299;
  const gone = answer?.status === 410;
  const forbidden = typeof outcome === 'object' && 'forbidden' in outcome && outcome.forbidden;
  const final = ok || gone || forbidden || outcome === 'too late';
  const next = final ? undefined : nextRetry({ ...attempt, retryAfterMs: answer?.retryAfterMs }, limits);
  const message = describe(outcome, next === undefined);
  const host = outcome === 'too late' || forbidden ? '' : ok ? 'ok' : answer ? 'answered' : 'silent';
  const record: WebhookDelivery = {
    ...recordOf(attempt.webhook),
    status: ok ? 'delivered' : gone ? 'ended' : next === undefined ? 'failed' : 'retrying',
    attempts: attempt.attempts,
    lastAt: now,
    durationMs: Math.round(tookMs),
    answered: answer?.status ?? 0,
    answer: answer?.text ?? '',
    error: answer ? '' : message,
    nextAt: next === undefined ? 0 : Math.round(now + next),
  };
  const over = gone ? 'ended' : 'left';
  const ending: Ending = { outcome: next === undefined ? over : 'retry', host, tookMs, retryMs: next ?? 0, record };
  return { ending, message, failed: !ok };
}

function recordOf(webhook: WebhookJob): Omit<WebhookDelivery, 'status'> {
  const { eventId, url, endpoint, redelivery, sequence, state, reason, since: createdAt } = webhook;
  const tried = { attempts: 0, lastAt: 0, durationMs: 0, answered: 0, answer: '', error: '', nextAt: 0 };
  const { id } = WebhookLanes.of(webhook);
  return { id, eventId, url, endpoint, redelivery, sequence, state, reason, createdAt, ...tried };
}

function describe(outcome: Outcome, over: boolean): string {
  const end = over ? '; the event is given up' : '';
  if (outcome === 'too late') return 'not delivered within 24 h; the event is given up';
  if ('error' in outcome)
    return outcome.forbidden ? outcome.error.message : `no answer: ${reason(outcome.error)}${end}`;
  if (outcome.status === 410) return 'the receiver answered 410; no more events go to this URL';
  const ok = outcome.status >= 200 && outcome.status <= 299;
  return ok
    ? `the receiver answered ${outcome.status}`
    : `the receiver answered ${outcome.status}; 2xx is expected${end}`;
}

/** Without the address that was connected to: apps read it. */
function reason(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (error.name === 'TimeoutError') return 'it did not come in time';
  return typeof code === 'string' ? code : error.name;
}
