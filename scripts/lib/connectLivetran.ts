import { Readable } from 'node:stream';
import { type Fetch, Livetran } from '../../client/index.ts';
import { requestStream } from './request.ts';

/**
 * The client of the API at this address. Unlike fetch(), it accepts the certificate that Livetran makes for itself, from this
 * host's own addresses. It does not repeat a call: a person sees at once what is wrong.
 */
export function connectLivetran(options: { url: string; secret: string; keyId?: string }): Livetran {
  return new Livetran({ ...options, fetch: fetchFromHost, retries: 0 });
}

const fetchFromHost: Fetch = async (url, { method, headers, body, signal }) => {
  const response = await requestStream(url, {
    ...{ method: method ?? 'GET', headers: headers as Record<string, string> },
    ...(typeof body === 'string' && { body }),
    ...(signal && { signal }),
  });
  const { statusCode: status = 0 } = response;
  const hasBody = ![204, 304].includes(status);
  return new Response(hasBody ? (Readable.toWeb(response) as ReadableStream) : null, {
    ...{ status, headers: response.headers as Record<string, string> },
  });
};
