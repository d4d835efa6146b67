import { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import type { ApiServices } from '../apiServices.ts';
import { allowEventToken } from '../auth/allowEventToken.ts';
import { type Caller, caller } from '../auth/caller.ts';
import { endWithKey } from '../auth/endWithKey.ts';
import type { Permission } from '../auth/permission.ts';
import { checkInput } from './checkInput.ts';
import { idempotencyHeader, isRepeatable } from './idempotencyHeader.ts';
import { onlyMethods } from './onlyMethods.ts';
import { parseJson, rawBody } from './readBody.ts';
import type { RepeatableRequest, RepeatedRequests } from './repeatedRequests.ts';
import { requestIdOf } from './requestId.ts';
import type { Reply, Route } from './route.ts';

const noQuery = z.object({});

interface MountOptions {
  services: ApiServices;
  /** What lets a request pass that may use routes of this permission. */
  authorize: (permission: Permission) => RequestHandler;
  repeated: RepeatedRequests;
  log: Logger;
}

/** The version's prefix, and the older one that has the same routes. Its answers have an envelope: `{"success":true,"data":…}`. */
const prefixes = [
  { prefix: '/v1', envelope: false },
  { prefix: '/api', envelope: true },
];

/** Express's side of the routes: each at /v1 and at /api. The signature is checked before anything is parsed. */
export function mountRoutes(routes: readonly Route[], options: MountOptions): Router {
  const router = Router();
  for (const { prefix, envelope } of prefixes) {
    for (const [path, group] of byPath(routes)) {
      const at = router.route(`${prefix}${path}`);
      for (const route of group) {
        const signed = options.authorize(route.permission);
        const permit = route.eventToken ? allowEventToken(signed, options.services.eventTokens) : signed;
        at[route.method](permit, handle(route, { ...options, prefix, envelope }));
      }
      at.all(onlyMethods(...group.map(({ method }) => method.toUpperCase())));
    }
  }
  return router;
}

function byPath(routes: readonly Route[]): Map<string, Route[]> {
  const groups = new Map<string, Route[]>();
  for (const route of routes) groups.set(route.path, [...(groups.get(route.path) ?? []), route]);
  return groups;
}

function handle(route: Route, options: MountOptions & { prefix: string; envelope: boolean }): RequestHandler {
  // Made once: a new schema is compiled at its first use.
  const query = (route.query ?? noQuery).strict();
  return async (request, response) => {
    const call = {
      ...inputOf(route, query, request),
      ...{ requestId: requestIdOf(response), caller: caller.of(response) },
      // Most calls read neither.
      get log(): Logger {
        return options.log.child({ requestId: this.requestId });
      },
      get signal(): AbortSignal {
        return goneSignal(response);
      },
    };
    const repeatable = repeatableRequest(route, request, call.caller);
    const reply = repeatable
      ? await options.repeated.run(repeatable, repeatKey =>
          route.call(Object.assign(call, { repeatKey }), options.services),
        )
      : await route.call(call, options.services);
    send(reply, response, options);
  };
}

/** Aborts when the caller goes away before the answer is out. */
function goneSignal(response: Response): AbortSignal {
  const gone = new AbortController();
  const abort = (): void => {
    if (!response.writableFinished) gone.abort();
  };
  if (response.closed) abort();
  else response.once('close', abort);
  return gone.signal;
}

/** A POST with an Idempotency-Key. Other methods may be repeated as they are. */
function repeatableRequest(route: Route, request: Request, { keyId }: Caller): RepeatableRequest | undefined {
  if (!isRepeatable(route)) return undefined;
  const { 'idempotency-key': idempotencyKey } = checkInput(request.headers, idempotencyHeader, 'parameter');
  if (idempotencyKey === undefined) return undefined;
  const path = request.originalUrl.slice(request.originalUrl.indexOf('/', 1));
  return { keyId, idempotencyKey, content: { method: request.method, path, body: rawBody(request) } };
}

function inputOf(route: Route, querySchema: z.ZodObject, request: Request) {
  const params = route.params && checkInput(request.params, route.params, 'parameter');
  const query = checkInput(request.query, querySchema, 'parameter');
  const headers = route.headers && checkInput(request.headers, route.headers, 'parameter');
  return { params, query, headers, body: bodyOf(route, request) };
}

/** No body is an empty object: every field of it is optional, or the rule of one says what is missing. */
function bodyOf(route: Route, request: Request): unknown {
  const raw = rawBody(request);
  if (route.body) return checkInput(raw.length === 0 ? {} : parseJson(raw), route.body);
  if (raw.length > 0) throw new AppError('body_invalid', 'this call takes no body; send it without one');
  return undefined;
}

function send(reply: Reply, response: Response, options: { prefix: string; envelope: boolean }): void {
  response.status(reply.status);
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    response.setHeader(name, name === 'Location' ? `${options.prefix}${value}` : value);
  }
  if (reply.stream) {
    endWithKey(response);
    reply.stream(response);
  } else if (reply.body === undefined) response.end();
  else response.json(options.envelope ? enveloped(reply.body) : reply.body);
}

/** A list has `data` already, and its cursor stays beside that. */
const enveloped = (body: unknown): object => {
  const isList = typeof body === 'object' && body !== null && 'data' in body && Array.isArray(body.data);
  return isList ? { success: true, ...body } : { success: true, data: body };
};
