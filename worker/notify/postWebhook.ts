import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { signRequest } from '../../common/signature.ts';
import { privateAddresses } from '../../common/webhooks/privateAddresses.ts';
import { ForbiddenTarget } from './forbiddenTarget.ts';
import type { NameLookups } from './nameLookups.ts';

export interface PostOptions {
  secret: string;
  /** WEBHOOK_ALLOW_PRIVATE: also to addresses of this host and its networks. */
  allowPrivate: boolean;
  timeoutMs: number;
  eventId: string;
  /** Whether the host is known to answer promptly. */
  prompt: boolean;
  lookups: NameLookups;
  signal: AbortSignal;
}

/** POSTs a signed body; resolves to the answer's HTTP status. Redirects are not followed, the answer's body is not read. */
export async function postWebhook(url: string, body: string, options: PostOptions): Promise<number> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  if (!options.allowPrivate && isIP(host) && privateAddresses().has(host)) throw new ForbiddenTarget(host);
  const path = `${target.pathname}${target.search}`;
  const time = Math.floor(Date.now() / 1000);
  const send = target.protocol === 'https:' ? requestHttps : requestHttp;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  return new Promise((resolve, reject) => {
    const request = send(
      target,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'user-agent': 'Livetran',
          'idempotency-key': options.eventId,
          'lt-signature': signRequest({ time, method: 'POST', path, body }, options.secret),
        },
        signal,
        lookup: options.lookups.for({ ...options, signal }),
      },
      response => {
        response.destroy();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
