import type { Response } from 'express';
import type { z } from 'zod';
import type { Logger } from '../../common/createLogger.ts';
import type { ErrorCode } from '../../common/errorCatalogue.ts';
import type { ApiServices } from '../apiServices.ts';
import type { Caller } from '../auth/caller.ts';
import type { Permission } from '../auth/permission.ts';

/** What one status of a route answers with. */
export interface Answer<Body extends z.ZodType = z.ZodType> {
  description: string;
  /** Absent: no body. */
  schema?: Body;
  /** Default: application/json. */
  contentType?: string;
}

type Answers = Readonly<Record<number, Answer>>;

type BodyOf<Of> = Of extends { schema: infer Schema extends z.ZodType } ? { body: z.output<Schema> } : { body?: never };

/** What a call returns: a status of its answers with the body of that; or the function that writes the body over time. */
type ReplyOf<Of extends Answers> =
  | { [Status in keyof Of]: { status: Status; headers?: ReplyHeaders } & BodyOf<Of[Status]> }[keyof Of]
  | { status: keyof Of; headers?: ReplyHeaders; stream: (response: Response) => void };

type ReplyHeaders = Readonly<Record<string, string>>;

export interface Reply {
  status: number;
  /** `Location` is below the version's prefix: `/streams/show-1`. */
  headers?: ReplyHeaders;
  body?: unknown;
  stream?: (response: Response) => void;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

export interface RouteCall<Params, Query, Headers, Body> {
  params: Params;
  query: Query;
  headers: Headers;
  body: Body;
  caller: Caller;
  requestId: string;
  /** Has the id of the request bound. */
  log: Logger;
  /** Aborts when the caller goes away. */
  signal: AbortSignal;
  /** With an Idempotency-Key: a word that is the same for each repeat of this request. */
  repeatKey?: string;
}

interface RouteText {
  method: 'get' | 'post' | 'patch' | 'put' | 'delete';
  /** Below /v1, with parameters in Express's form: `/streams/:stream_id`. */
  path: string;
  operationId: string;
  /** One line, and what else there is to say (Markdown). */
  summary: string;
  description?: string;
  tag: string;
  /** The scope that the key needs. */
  permission: Permission;
  /** A token of POST /v1/event-tokens, as the parameter `token`, does instead of a signature. */
  eventToken?: true;
  /** What the call itself throws, beside what every route can answer. */
  errors: readonly ErrorCode[];
  /** POST only: a request that is repeated with its Idempotency-Key gets the first answer (default: true). */
  idempotent?: boolean;
}

/** A route, whole: what it takes, who may, what it does, what it answers. Express and the OpenAPI document are made from it. */
export interface Route extends RouteText {
  params?: z.ZodObject;
  query?: z.ZodObject;
  /** Names in lower case. Headers that it does not name are ignored. */
  headers?: z.ZodObject;
  body?: z.ZodType;
  answers: Answers;
  call(request: RouteCall<unknown, unknown, unknown, unknown>, services: ApiServices): Promise<Reply>;
}

/** Types `call` by the route's schemas. Changes nothing. */
export function defineRoute<
  const Of extends Answers,
  Params extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Headers extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  route: RouteText & {
    params?: Params;
    query?: Query;
    headers?: Headers;
    body?: Body;
    answers: Of;
    call(
      request: RouteCall<Parsed<Params>, Parsed<Query>, Parsed<Headers>, Parsed<Body>>,
      services: ApiServices,
    ): Promise<ReplyOf<Of>>;
  },
): Route {
  return route as unknown as Route;
}
