import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { ForbiddenTarget } from './forbiddenTarget.ts';
import type { NameLookups } from './nameLookups.ts';
import { privateAddresses } from './privateAddresses.ts';
import { signWebhook } from './signWebhook.ts';

export interface PostOptions {
  /** WEBHOOK_SECRET and those it replaces. */
  secrets: readonly [string, ...string[]];
  /** WEBHOOK_ALLOW_PRIVATE: also to addresses of this host and its networks. */
  allowPrivate: boolean;
  timeoutMs: number;
  eventId: string;
  /** Sent as the header of that name (W3C Trace Context), so that the receiver's trace goes on. */
  traceparent?: string | undefined;
  /** Whether the host is known to answer promptly. */
  prompt: boolean;
  lookups: NameLookups;
  signal: AbortSignal;
}

export interface WebhookAnswer {
  status: number;
  /** The first 200 bytes of the answer's body, as far as they came within half a second of its head. */
  text: string;
  /** Retry-After (RFC 9110, 10.2.3) in ms; undefined without a usable one. */
  retryAfterMs: number | undefined;
}

const TEXT_BYTES = 200;
const TEXT_MS = 500;

/** POSTs a signed body. Follows no redirect. Rejects when there is no answer within `timeoutMs`. */
export async function postWebhook(url: string, body: string, options: PostOptions): Promise<WebhookAnswer> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  if (!options.allowPrivate && isIP(host) && privateAddresses().has(host)) throw new ForbiddenTarget(host);
  const path = `${target.pathname}${target.search}`;
  const time = Math.floor(Date.now() / 1000);
  const send = target.protocol === 'https:' ? requestHttps : requestHttp;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = send(
      target,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'Livetran',
          'idempotency-key': options.eventId,
          'lt-signature': signWebhook({ time, path, body }, options.secrets),
          ...(options.traceparent !== undefined && { traceparent: options.traceparent }),
        },
        signal,
        lookup: options.lookups.for({ ...options, signal }),
      },
      resolve,
    );
    request.on('error', reject);
    request.end(body);
  });
  const { statusCode: status = 0, headers } = response;
  return { status, text: await firstBytes(response), retryAfterMs: retryAfter(headers['retry-after'], Date.now()) };
}

/** Closes the connection then: what else the receiver sends is not read. */
async function firstBytes(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  const timer = setTimeout(() => response.destroy(), TEXT_MS);
  try {
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= TEXT_BYTES) break;
    }
  } catch {
    // The status is what counts; the text may be cut short.
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
  return Buffer.concat(chunks).subarray(0, TEXT_BYTES).toString('utf8');
}

/** Seconds, or a date. */
function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
