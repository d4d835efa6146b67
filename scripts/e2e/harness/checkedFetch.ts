import { checkAnswer } from '../../../api/testing/checkAnswer.ts';
import type { Fetch } from '../../../client/index.ts';
import { useSecret } from './loggedSecrets.ts';

/** fetch(), for the client in tests: an answer that is not what the OpenAPI document says is an error. */
export const checkedFetch: Fetch = async (url, init) => {
  const response = await fetch(url, init);
  const contentType = response.headers.get('content-type') ?? '';
  const { pathname, search } = new URL(url);
  const seen = { method: init.method ?? 'GET', path: `${pathname}${search}`, status: response.status, contentType };
  // Server-sent events go on for ever.
  if (!contentType.includes('json')) checkAnswer({ ...seen, body: {} });
  else {
    const body = (await response.clone().json()) as { secret?: unknown };
    checkAnswer({ ...seen, body });
    if (typeof body.secret === 'string') useSecret('the secret of an API key', body.secret);
  }
  return response;
};
