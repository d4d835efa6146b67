import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StartStream } from '../../client/index.ts';
import { type LossyRelay, startLossyRelay } from '../../worker/observe/testing/lossyRelay.ts';
import type { Child } from '../e2e/harness/childProcess.ts';
import { type Cluster, startCluster } from '../e2e/harness/cluster.ts';
import { type EncoderOptions, startEncoder } from '../e2e/harness/encoder.ts';
import { tinySource, tinyStreams } from '../e2e/harness/tinyStreams.ts';
import { waitFor } from '../e2e/harness/waitFor.ts';
import { ControlRoom } from './controlRoom.ts';

const PASSWORD = 'fault-lab-password';
const START_MS = 60_000;

/** The stream that faults befall. */
export const SHOW = 'show';

/** A cluster of two workers for one fault, with a relay before the encoder, a proxy before the store and a webhook receiver. */
export class FaultLab {
  readonly cluster: Cluster;
  readonly room: ControlRoom;
  /** What the webhook receiver answers with; 0: nothing. */
  webhookStatus = 200;
  readonly #receiver: Server;
  #relay: LossyRelay | undefined;
  #encoder: Child | undefined;

  static async start(env: Record<string, string> = {}): Promise<FaultLab> {
    const settings = { ...tinyStreams, ADMIN_PASSWORD: PASSWORD, HLS_WINDOW: '6', ...env };
    const cluster = await startCluster({ workers: 2, faults: true, env: settings });
    const lab = new FaultLab(cluster, await ControlRoom.logIn(cluster.apiUrl, 'admin', PASSWORD));
    await new Promise<void>(resolve => lab.#receiver.listen(0, '127.0.0.1', resolve));
    return lab;
  }

  private constructor(cluster: Cluster, room: ControlRoom) {
    this.cluster = cluster;
    this.room = room;
    this.#receiver = createServer((request, response) => {
      request.resume();
      if (this.webhookStatus !== 0) response.writeHead(this.webhookStatus).end();
    });
  }

  /** For people: where to look. */
  get login(): { url: string; user: string; password: string } {
    return { url: `${this.cluster.apiUrl}/admin/streams/${SHOW}`, user: 'admin', password: PASSWORD };
  }

  get relay(): LossyRelay {
    if (!this.#relay) throw new Error('no stream was started');
    return this.#relay;
  }

  get encoder(): Child {
    if (!this.#encoder) throw new Error('no encoder was started');
    return this.#encoder;
  }

  /** The worker that has the stream. */
  get owner(): Child {
    const taken = (worker: Child): number =>
      worker.log.findLastIndex(line => line.msg === 'lease taken' && line.streamId === SHOW);
    const owner = this.cluster.workers.find(worker => taken(worker) >= 0);
    if (!owner) throw new Error('no worker has the stream');
    return owner;
  }

  /** Starts the stream, and waits for its SRT URL. */
  async start(options: StartStream = {}): Promise<string> {
    const { port } = this.#receiver.address() as AddressInfo;
    const webhooks = { webhook_urls: [`http://127.0.0.1:${port}/`] };
    await this.cluster.client.v1.streams.create({ ...webhooks, ...options, stream_id: SHOW });
    const { srt_url: url } = await this.cluster.client.inState(SHOW, 'READY', START_MS);
    return String(url);
  }

  /** The same with an encoder behind the relay; waits until viewers can play it. */
  async live(options: StartStream = {}, encoder: Partial<EncoderOptions> = {}): Promise<void> {
    await this.encode(await this.start(options), encoder);
    await this.cluster.client.link(SHOW, START_MS);
    await waitFor('a healthy stream', async () => (await this.room.look(SHOW)).stream?.health != null, START_MS);
  }

  /** An encoder that calls the URL through the relay. */
  async encode(srtUrl: string, encoder: Partial<EncoderOptions> = {}): Promise<void> {
    const port = Number(new URL(srtUrl).port);
    this.#relay ??= await startLossyRelay(port);
    const url = srtUrl.replace(`:${port}`, `:${this.#relay.port}`);
    this.#encoder = startEncoder({ ...tinySource, ...encoder, srtUrl: url });
  }

  async stop(): Promise<void> {
    this.#encoder?.kill('SIGKILL');
    this.#relay?.close();
    await this.cluster.stop();
    this.#receiver.closeAllConnections();
    this.#receiver.close();
  }
}
