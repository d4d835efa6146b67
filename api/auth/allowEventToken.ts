import type { RequestHandler } from 'express';
import { caller } from './caller.ts';
import type { EventTokens } from './eventTokens.ts';

/** Lets a request pass whose parameter `token` is good for the events that it asks for; without one the signature is checked. */
export function allowEventToken(signed: RequestHandler, tokens: EventTokens): RequestHandler {
  return (request, response, next) => {
    const { token } = request.query;
    if (token === undefined) return signed(request, response, next);
    const { stream_id: streamId } = request.params;
    caller.set(response, tokens.check(String(token), streamId === undefined ? undefined : String(streamId)));
    next();
  };
}
