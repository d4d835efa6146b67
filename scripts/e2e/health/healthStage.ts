import { startLossyRelay } from '../../../worker/observe/testing/lossyRelay.ts';
import type { Child } from '../harness/childProcess.ts';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { type EncoderOptions, startEncoder } from '../harness/encoder.ts';
import { waitFor } from '../harness/waitFor.ts';
import { type ReceivedWebhook, startWebhookReceiver, type WebhookReceiver } from '../harness/webhookReceiver.ts';

/** A live stream whose encoder calls through a relay. */
export interface StagedStream {
  readonly id: string;
  /** Share of the datagrams between encoder and listener that do not arrive, 0 to 1. */
  lose(share: number): void;
  /** The encoder disconnects, and another one calls. */
  replaceEncoder(options?: Partial<EncoderOptions>): Promise<void>;
}

interface Named extends ReceivedWebhook {
  /** performance.now() of its arrival. */
  at: number;
}

/** A cluster whose streams get faults, and an app that hears of them. */
export class HealthStage {
  readonly cluster: Cluster;
  readonly #app: WebhookReceiver;
  readonly #closing: (() => unknown)[] = [];

  private constructor(cluster: Cluster, app: WebhookReceiver) {
    this.cluster = cluster;
    this.#app = app;
  }

  static async start(env: Record<string, string>): Promise<HealthStage> {
    const cluster = await startCluster({ faults: true, env });
    return new HealthStage(cluster, await startWebhookReceiver(cluster.hmacSecret));
  }

  /** Starts a stream, and an encoder; resolves when the stream plays. */
  async goLive(id: string, start: { profile?: string }, options: Partial<EncoderOptions> = {}): Promise<StagedStream> {
    const { client } = this.cluster;
    await client.start(id, { ...start, webhook_urls: [this.#app.url] });
    const url = String((await client.inState(id, 'READY')).srt_url);
    const port = Number(new URL(url).port);
    const relay = await startLossyRelay(port);
    const srtUrl = url.replace(`:${port}`, `:${relay.port}`);
    let encoder = startEncoder({ srtUrl, ...options });
    this.#closing.push(
      () => relay.close(),
      () => encoder.stop(),
    );
    await client.link(id, 40_000);
    return {
      id,
      lose: share => {
        relay.loss = share;
      },
      replaceEncoder: async (next = {}) => {
        await encoder.stop();
        await client.inState(id, 'READY');
        encoder = startEncoder({ srtUrl, ...options, ...next });
        await client.inState(id, 'STREAMING');
      },
    };
  }

  /** The stream's health events, in order. */
  events(id: string, reason: 'ingest_degraded' | 'ingest_recovered'): Named[] {
    return this.#app.received.flatMap((event, i) =>
      event.StreamId === id && event.Reason === reason ? [{ ...event, at: this.#app.arrivals[i] ?? 0 }] : [],
    );
  }

  /** Waits for a sentence of a health event; resolves to how long it took from `since` on (ms). */
  async named(id: string, words: RegExp, since: number): Promise<number> {
    const find = () => this.events(id, 'ingest_degraded').find(({ Update }) => words.test(Update));
    return (await waitFor(`${words} of ${id}`, find, 30_000)).at - since;
  }

  /** Waits until the record says that the stream is well; resolves to how long it took from `since` on (ms). */
  async recovered(id: string, since: number): Promise<number> {
    const status = async () =>
      ((await this.cluster.client.stream(id)) as { health?: { status: string } } | undefined)?.health?.status;
    await waitFor(`${id} to recover`, async () => (await status()) === 'good', 60_000);
    return performance.now() - since;
  }

  /** The FFmpeg of a transcoded stream that runs now. */
  ffmpegPid(id: string): number {
    const lines = this.cluster.workers.flatMap((worker: Child) => worker.log);
    return Number(lines.findLast(({ msg, streamId }) => msg === 'FFmpeg started' && streamId === id)?.ffmpegPid);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#closing.map(close => close()));
    await this.cluster.stop();
    await this.#app.close();
  }
}
