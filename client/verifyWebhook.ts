import { importKey } from './signRequest.ts';
import type { WebhookEvent } from './webhookEvent.ts';
import { WebhookSignatureError } from './webhookSignatureError.ts';

export interface ReceivedWebhook {
  /** The header LT-SIGNATURE. */
  signature: string | null | undefined;
  /** The path and query of the request, as they were received: `/hooks?from=livetran`. */
  path: string;
  /** The body as it came, before it is parsed. */
  body: string | Uint8Array;
}

export interface VerifyOptions {
  /** How far the webhook's time may be off this clock, in seconds. 300 by default. */
  toleranceSeconds?: number;
  /** ms since 1970; for tests. */
  now?: () => number;
}

/**
 * Checks that a webhook comes from Livetran, over its raw bytes and in constant time, and parses it. Throws
 * WebhookSignatureError for any other request.
 * @param secrets WEBHOOK_SECRET; during a rotation the new and the old one
 */
export async function verifyWebhook<Event = WebhookEvent>(
  received: ReceivedWebhook,
  secrets: string | readonly string[],
  options: VerifyOptions = {},
): Promise<Event> {
  const { time, digests } = parse(received.signature);
  const { toleranceSeconds = 300, now = Date.now } = options;
  if (!(Math.abs(now() / 1_000 - Number(time)) <= toleranceSeconds)) {
    throw new WebhookSignatureError(`LT-SIGNATURE's time is more than ${toleranceSeconds} s off; check the clock`);
  }
  const text = signedText(time, received);
  const all = typeof secrets === 'string' ? [secrets] : secrets;
  const checks = all.flatMap(secret => digests.map(digest => matches(text, digest, secret)));
  if (!(await Promise.all(checks)).includes(true)) {
    throw new WebhookSignatureError('LT-SIGNATURE does not match: check the secret, and pass the raw body');
  }
  const { body } = received;
  return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)) as Event;
}

/** More digests than a rotation needs are refused: each of them costs an HMAC. */
const DIGESTS_MAX = 4;

function parse(header: string | null | undefined): { time: string; digests: Uint8Array<ArrayBuffer>[] } {
  if (!header) throw new WebhookSignatureError('header LT-SIGNATURE is missing');
  const fields = header.split(',').map(field => field.trim());
  const time = fields.find(field => /^t=\d{1,12}(\.\d{1,9})?$/.test(field))?.slice(2);
  const digests = fields.filter(field => /^v1=[0-9a-f]{64}$/.test(field)).map(field => bytesOf(field.slice(3)));
  if (time === undefined || digests.length === 0 || digests.length > DIGESTS_MAX) {
    throw new WebhookSignatureError('LT-SIGNATURE must be t=<unix seconds>,v1=<64 hex digits>');
  }
  return { time, digests };
}

function signedText(time: string, { path, body }: ReceivedWebhook): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`${time}.POST.${path}.`);
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const text = new Uint8Array(head.length + bytes.length);
  text.set(head);
  text.set(bytes, head.length);
  return text;
}

/** WebCrypto compares in constant time. */
const matches = async (text: Uint8Array<ArrayBuffer>, digest: Uint8Array<ArrayBuffer>, secret: string) =>
  crypto.subtle.verify('HMAC', await importKey(secret, 'verify'), digest, text);

const bytesOf = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], pair => Number.parseInt(pair, 16));
