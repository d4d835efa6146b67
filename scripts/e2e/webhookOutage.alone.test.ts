import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quantile } from '../bench/quantile.ts';
import { type Cluster, startCluster } from './harness/cluster.ts';
import { waitFor } from './harness/waitFor.ts';

/** Ten minutes of the receiver's absence are six seconds. */
const SCALE = 100;
const AWAY_MS = 600_000 / SCALE;
const STREAMS = 4;

interface Arrival {
  stream: string;
  id: string;
  sequence: number;
  /** From the state change, by Redis's clock, which is this machine's. */
  ms: number;
}

/** An app's receiver that can be away: it is silent, or its port is closed. */
class App {
  readonly arrivals: Arrival[] = [];
  /** Ids of events that came while it was silent. */
  readonly unanswered: Arrival[] = [];
  url = '';
  #server: Server | undefined;
  #port = 0;
  #isSilent = false;
  readonly #held = new Set<ServerResponse>();

  async open(): Promise<void> {
    this.#isSilent = false;
    const server = createServer(async (request, response) => {
      const text = Buffer.concat(await request.toArray()).toString();
      const { StreamId: stream, EventId: id, Sequence: sequence, Time } = JSON.parse(text);
      const arrival = { stream, id, sequence, ms: Date.now() - Date.parse(Time) };
      if (this.#isSilent) {
        this.unanswered.push(arrival);
        this.#held.add(response);
      } else {
        this.arrivals.push(arrival);
        response.writeHead(204).end();
      }
    });
    await new Promise<void>(resolve => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.#port}/hook`;
  }

  fallSilent(): void {
    this.#isSilent = true;
  }

  async close(): Promise<void> {
    for (const response of this.#held) response.destroy();
    this.#held.clear();
    this.#server?.closeAllConnections();
    await new Promise(resolve => (this.#server ? this.#server.close(resolve) : resolve(undefined)));
    this.#server = undefined;
  }

  of = (stream: string): Arrival[] => this.arrivals.filter(arrival => arrival.stream === stream);
}

let cluster: Cluster;
const app = new App();

beforeAll(async () => {
  const worker = ['scripts/e2e/harness/scaledWorker.ts', `${SCALE}`];
  cluster = await startCluster({ storage: 'file', workers: 2, worker, env: { LOG_LEVEL: 'info' } });
  await app.open();
});
afterAll(async () => {
  await cluster?.stop();
  await app.close();
});

const ids = Array.from({ length: STREAMS }, (_, i) => `show-${i}`);

/** The worker of this place ends by the signal, and another one starts. */
async function restartWorker(place: number, signal: NodeJS.Signals): Promise<void> {
  cluster.workers[place]?.kill(signal);
  await cluster.workers[place]?.exited;
  await cluster.addWorker();
}

const newKeys = () => Promise.all(ids.map(id => cluster.client.v1.streams.rotateKey(id)));

test('a healthy receiver hears of a change within 300 ms (p95)', async () => {
  const streams = Array.from({ length: 25 }, (_, i) => `healthy-${i}`);
  for (const id of streams) {
    await cluster.client.start(id, { webhook_urls: [app.url] });
    await cluster.client.inState(id, 'READY');
    await cluster.client.stop(id);
  }
  // INITIALISED, READY and STOPPED of each. The processes have just begun: the first streams are not counted.
  await waitFor('every event', () => streams.every(id => app.of(id).length === 3));
  const times = streams.slice(5).flatMap(id => app.of(id).map(({ ms }) => ms));
  const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)];
  console.log(`state change to delivery: p50 ${p50} ms, p95 ${p95} ms of ${times.length} events`);
  expect(p95).toBeLessThanOrEqual(300);
});

test('a receiver that was away for ten minutes, while API and workers were restarted, gets every event, in order', async () => {
  for (const id of ids) await cluster.client.start(id, { webhook_urls: [app.url] });
  for (const id of ids) await cluster.client.inState(id, 'READY');
  await waitFor('READY', () => ids.every(id => app.of(id).length >= 2));
  const awayFrom = performance.now();

  app.fallSilent();
  await newKeys();
  await waitFor('an attempt without an answer', () => app.unanswered.length > 0);
  await Promise.all([cluster.restartApi('SIGKILL'), restartWorker(0, 'SIGKILL')]);
  await app.close();
  await newKeys();
  await Promise.all([cluster.restartApi('SIGTERM'), restartWorker(1, 'SIGTERM')]);
  await newKeys();
  for (const id of ids) await cluster.client.stop(id);
  for (const id of ids) await cluster.client.inState(id, 'STOPPED');
  await waitFor('the end of the absence', () => performance.now() - awayFrom >= AWAY_MS);
  await app.open();

  const deliveries = async (id: string) => {
    const params = { stream_id: id };
    return (await cluster.client.v1.call('listWebhookDeliveries', { params })).data.toReversed();
  };
  for (const id of ids) {
    const all = await waitFor(`every delivery of ${id}`, async () => {
      const made = await deliveries(id);
      return made.at(-1)?.state === 'STOPPED' && made.every(({ status }) => status === 'delivered') && made;
    });
    // One that was under way when its worker died may come twice; none comes after a later one.
    const arrived = app.of(id);
    expect(arrived.map(({ sequence }) => sequence)).toEqual(
      arrived.map(({ sequence }) => sequence).toSorted((a, b) => a - b),
    );
    const events = new Map(arrived.map(arrival => [arrival.sequence, arrival.id]));
    expect([...events]).toEqual(all.map(({ sequence, event_id }) => [sequence, event_id]));
    expect([...events.keys()]).toEqual(all.map((_, i) => i + 1));
    expect(all.length).toBeGreaterThanOrEqual(6);
  }
  const known = new Set(app.arrivals.map(({ id }) => id));
  expect(app.unanswered.length).toBeGreaterThan(0);
  expect(app.unanswered.filter(({ id }) => !known.has(id))).toEqual([]);
});
