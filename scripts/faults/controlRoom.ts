import { setTimeout as sleep } from 'node:timers/promises';
import type { Node, Stream, StreamEvent, WebhookDelivery, Worker } from '../../client/index.ts';

/** What is asked of the control room at one moment. */
export interface RoomView {
  /** The page of the stream. undefined: the server does not answer, which the page says. */
  stream: Stream | undefined;
  /** Its events, oldest first. */
  events: StreamEvent[];
  deliveries: WebhookDelivery[];
  workers: Worker[];
  nodes: Node[];
  /** The server does not answer, or cannot reach Redis. */
  isAway: boolean;
}

const EVENTS_MS = 400;
const ANSWER_MS = 3_000;

/** The control room as a person with the role viewer sees it: the calls of its pages, with the session of a log-in. */
export class ControlRoom {
  readonly #url: string;
  readonly #cookie: string;

  static async logIn(url: string, user: string, password: string): Promise<ControlRoom> {
    const response = await fetch(`${url}/admin/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ user, password }),
    });
    if (response.status !== 201) throw new Error(`the log-in was answered with ${response.status}`);
    return new ControlRoom(url, (response.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '');
  }

  private constructor(url: string, cookie: string) {
    this.#url = url;
    this.#cookie = cookie;
  }

  /** What the pages Live, Workers and that of the stream show now. Never rejects. */
  async look(streamId: string): Promise<RoomView> {
    const path = `/v1/streams/${streamId}`;
    try {
      const [stream, events, deliveries, workers, nodes] = await Promise.all([
        this.#get<Stream>(path),
        this.#events(`${path}/events?last_event_id=0`),
        this.#get<{ data: WebhookDelivery[] }>(`${path}/webhook-deliveries`),
        this.#get<{ data: Worker[] }>('/v1/workers'),
        this.#get<{ data: Node[] }>('/v1/nodes'),
      ]);
      const lists = { deliveries: deliveries.data, workers: workers.data, nodes: nodes.data };
      return { stream, events, ...lists, isAway: false };
    } catch {
      return { stream: undefined, events: [], deliveries: [], workers: [], nodes: [], isAway: true };
    }
  }

  async #get<Body>(path: string): Promise<Body> {
    const response = await fetch(this.#url + path, {
      headers: { cookie: this.#cookie },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return (await response.json()) as Body;
  }

  /** The events that are kept: the stream of them goes on for ever, so what has come after a moment counts. */
  async #events(path: string): Promise<StreamEvent[]> {
    const abort = new AbortController();
    const response = await fetch(this.#url + path, { headers: { cookie: this.#cookie }, signal: abort.signal });
    let text = '';
    const read = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk as Uint8Array).toString();
    })().catch(() => undefined);
    await Promise.race([read, sleep(EVENTS_MS)]);
    abort.abort();
    const data = [...text.matchAll(/^data: (.*)$/gm)].map(([, json = '']) => json);
    return data.map(json => JSON.parse(json) as StreamEvent);
  }
}
