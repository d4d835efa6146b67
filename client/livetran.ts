import { type FollowOptions, followEvents } from './followEvents.ts';
import { Keys } from './keys.ts';
import { type Operations, operations, type Router, type Worker } from './openapi.ts';
import type { ServerSentEvent } from './readEvents.ts';
import { createSign } from './signRequest.ts';
import type { StreamEvent } from './streamEvent.ts';
import { Streams } from './streams.ts';
import { type Fetch, Transport } from './transport.ts';
import { Webhooks } from './webhooks.ts';

export interface LivetranOptions {
  /** The API's address, e.g. `https://live.example`. */
  url: string;
  /** HMAC_SECRET, or the secret of the API key that `keyId` names. */
  secret: string;
  /** The id of an API key. Without it the key is HMAC_SECRET. */
  keyId?: string;
  /** How often a call that failed for a reason that passes is sent again. 3 by default. */
  retries?: number;
  /** How long each attempt of a call may take (ms). 10 s by default. */
  timeoutMs?: number;
  /** In place of the global fetch(). */
  fetch?: Fetch;
}

type Name = keyof Operations;
/** What a call is given: those of path parameters, query and body that it has. */
export type Input<Of extends Name> = Given<'params', Operations[Of]['params']> &
  Given<'query', Operations[Of]['query']> &
  Given<'body', Operations[Of]['body']>;
type Given<Part extends string, Type> = [Type] extends [undefined | Record<string, never>]
  ? { [Name in Part]?: undefined }
  : Record<string, never> extends Type
    ? { [Name in Part]?: Type }
    : { [Name in Part]: Type };

export interface CallOptions {
  signal?: AbortSignal;
  /** For a POST: the same key carries the call out once, over restarts of the program too. Made for each call by default. */
  idempotencyKey?: string;
  headers?: Record<string, string>;
}

/** Livetran's API. Calls throw ApiError (its answer) and ConnectionError (no answer). */
export class Livetran {
  /** The API's address without a slash at its end. */
  readonly url: string;
  readonly streams: Streams;
  /** API keys. The own key needs the scope `admin`. */
  readonly keys: Keys;
  readonly webhooks: Webhooks;
  readonly #transport: Transport;

  constructor(options: LivetranOptions) {
    this.url = options.url.replace(/\/+$/, '');
    const { secret, keyId: id, retries = 3, timeoutMs = 10_000 } = options;
    const own = options.fetch ?? ((url, init) => fetch(url, init));
    const sign = createSign({ secret, ...(id !== undefined && { id }) });
    this.#transport = new Transport({ url: this.url, sign, fetch: own, retries, timeoutMs });
    this.streams = new Streams(this);
    this.keys = new Keys(this);
    this.webhooks = new Webhooks(this);
  }

  /** The live routers. */
  async routers(options?: CallOptions): Promise<Router[]> {
    return (await this.call('listRouters', {}, options)).data;
  }

  /** The live workers. */
  async workers(options?: CallOptions): Promise<Worker[]> {
    return (await this.call('listWorkers', {}, options)).data;
  }

  /**
   * The changes of all streams, from now on, or after an event (`lastEventId`: its `position`). `onGap` is called when
   * events between are missing, because the program was away for longer than the API keeps them.
   */
  async *events(
    options: FollowOptions & { onGap?: () => void } = {},
  ): AsyncGenerator<StreamEvent & { position: string }> {
    for await (const { id, event, data } of this.follow('followEvents', {}, options)) {
      if (event === 'gap') options.onGap?.();
      else yield { ...(JSON.parse(data) as StreamEvent), position: id };
    }
  }

  /** A token with which a page follows events, by `new EventSource(url + path)`: a browser must not have a secret. */
  createEventToken(
    of: Operations['createEventToken']['body'] = {},
    options?: CallOptions,
  ): Promise<Operations['createEventToken']['answer']> {
    return this.call('createEventToken', { body: of }, options);
  }

  /** Any call of the OpenAPI document, by its operationId. */
  call<Of extends Name>(name: Of, input: Input<Of>, options: CallOptions = {}): Promise<Operations[Of]['answer']> {
    const { method } = operations[name];
    const { signal, idempotencyKey, headers } = options;
    return this.#transport.call({
      ...{ method, path: pathOf(name, input), body: input.body, signal },
      headers: { ...headers, ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }) },
    });
  }

  /** The server-sent events of a call. */
  follow<Of extends Name>(name: Of, input: Input<Of>, options?: FollowOptions): AsyncGenerator<ServerSentEvent> {
    return followEvents(this.#transport, pathOf(name, input), options);
  }
}

function pathOf(name: Name, { params, query }: { params?: object | undefined; query?: object | undefined }): string {
  const values = new Map<string, unknown>(Object.entries(params ?? {}));
  const path = operations[name].path.replace(/\{(\w+)\}/g, (_, key: string) =>
    encodeURIComponent(String(values.get(key))),
  );
  const pairs = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    // A list is the parameter, once for each of its values.
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) pairs.append(key, String(one));
    }
  }
  return pairs.size === 0 ? path : `${path}?${pairs}`;
}
