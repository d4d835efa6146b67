import { type LookupAddress, lookup } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { signRequest } from '../../common/signature.ts';
import { privateAddresses } from '../../common/webhooks/privateAddresses.ts';

/** Never worth a retry: the URL points where webhooks may not go. */
export class ForbiddenTarget extends Error {
  override readonly name = 'ForbiddenTarget';
}

export interface PostOptions {
  secret: string;
  /** WEBHOOK_ALLOW_PRIVATE: also to addresses of this host and its networks. */
  allowPrivate: boolean;
  timeoutMs: number;
  eventId: string;
  signal: AbortSignal;
}

/** POSTs a signed body; resolves to the answer's HTTP status. Redirects are not followed, the answer's body is not read. */
export async function postWebhook(url: string, body: string, options: PostOptions): Promise<number> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  if (!options.allowPrivate && isIP(host) && privateAddresses().has(host)) throw forbidden(host);
  const path = `${target.pathname}${target.search}`;
  const time = Math.floor(Date.now() / 1000);
  const send = target.protocol === 'https:' ? requestHttps : requestHttp;
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
        signal: AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]),
        ...(options.allowPrivate ? {} : { lookup: publicLookup }),
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

/** dns.lookup that refuses private addresses: checked on what is connected to, so a name cannot change its answer after. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    if (error) return callback(error, '');
    const blocked = addresses.find(({ address }) => privateAddresses().has(address));
    const [first] = addresses;
    if (blocked || !first) return callback(forbidden(hostname), '');
    if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

const forbidden = (host: string): ForbiddenTarget =>
  new ForbiddenTarget(`webhooks may not go to ${host}: it is a private address (WEBHOOK_ALLOW_PRIVATE=on allows it)`);
