import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { deriveWebhookSecret } from '../../../common/webhooks/deriveWebhookSecret.ts';
import { NameLookups } from '../../../common/webhooks/nameLookups.ts';
import { postWebhook } from '../../../common/webhooks/postWebhook.ts';
import type { CommandContext } from '../commandContext.ts';
import type { FoundApi } from '../findApi.ts';
import { awayOptions } from './follow.ts';

/** The options of the command line. */
export interface ListenFlags {
  forward?: string;
  stream?: string;
}

const TIMEOUT_MS = 10_000;

/** What is read of a webhook's body; it is sent as it came. */
const webhook = z.object({
  StreamId: z.string(),
  EventId: z.string(),
  Status: z.string(),
  Reason: z.string(),
  Time: z.string(),
});
type Webhook = z.infer<typeof webhook>;

/**
 * Brings the webhooks of all streams here: each is POSTed to `forward`, signed, as Livetran would send it, and printed with
 * the answer. Those of a stream are sent in order, once. It goes on until Ctrl-C, over restarts of the API.
 */
export async function listen(
  context: CommandContext,
  found: FoundApi,
  { forward, stream }: ListenFlags,
): Promise<number> {
  const { client, terminal } = context;
  const secret = secretOf(found);
  terminal.err(`The webhooks are signed with WEBHOOK_SECRET=${secret}`);
  const lanes = new Map<string, Promise<void>>();
  const events = client.follow('followEvents', { query: { format: 'webhook' } }, awayOptions(context));
  for await (const { event, data } of events) {
    if (event === 'gap') {
      terminal.err('some events are missing: the connection was away for too long');
      continue;
    }
    const read = webhook.parse(JSON.parse(data));
    if (stream !== undefined && read.StreamId !== stream) continue;
    const deliver = async (): Promise<void> =>
      show(context, read, forward && (await post(forward, data, read, secret)));
    const before = lanes.get(read.StreamId) ?? Promise.resolve();
    const lane = before.then(deliver).finally(() => lanes.get(read.StreamId) === lane && lanes.delete(read.StreamId));
    lanes.set(read.StreamId, lane);
  }
  await Promise.all(lanes.values());
  return 0;
}

/** The one that Livetran signs with, where it is known; with an API key alone, one for this run. */
const secretOf = ({ webhookSecret, keyId, secret }: FoundApi): string =>
  webhookSecret ?? (keyId === undefined ? deriveWebhookSecret(secret) : randomBytes(32).toString('hex'));

interface Outcome {
  status?: number;
  error?: string;
  ms: number;
}

async function post(url: string, body: string, { EventId: eventId }: Webhook, secret: string): Promise<Outcome> {
  const begun = performance.now();
  const since = (): number => Math.round(performance.now() - begun);
  try {
    const { status } = await postWebhook(url, body, {
      ...{ secrets: [secret], allowPrivate: true, timeoutMs: TIMEOUT_MS, eventId, prompt: true },
      ...{ lookups: new NameLookups(), signal: new AbortController().signal },
    });
    return { status, ms: since() };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    return { error: message || String(code), ms: since() };
  }
}

function show({ terminal: { out }, json }: CommandContext, read: Webhook, outcome: Outcome | undefined | ''): void {
  const { StreamId, EventId, Status, Reason, Time } = read;
  if (json) {
    const shown = { time: Time, stream_id: StreamId, event_id: EventId, state: Status, reason: Reason };
    out(JSON.stringify({ ...shown, ...(outcome && { forwarded: outcome }) }));
    return;
  }
  const answer = outcome ? `  → ${outcome.status ?? outcome.error} (${outcome.ms} ms)` : '';
  out(`${Time.slice(11, 19)} ${StreamId}  ${Status}  ${Reason}${answer}`);
}
