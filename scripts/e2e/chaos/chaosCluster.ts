import type { StreamProfile } from '../../../common/stream/streamProfile.ts';
import type { Answer } from '../harness/apiClient.ts';
import { assertNothingLeft } from '../harness/assertNothingLeft.ts';
import type { Child, LogLine } from '../harness/childProcess.ts';
import { type Cluster, type Storage, startCluster } from '../harness/cluster.ts';
import { PlaylistOracle } from '../harness/playlistOracle.ts';
import { RetryingEncoder } from '../harness/retryingEncoder.ts';
import { tinyStreams } from '../harness/tinyStreams.ts';
import { waitFor } from '../harness/waitFor.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../harness/webhookReceiver.ts';
import { writerFaults, writers } from './oneWriter.ts';
import { startTcpProxy, type TcpProxy } from './tcpProxy.ts';

export interface ChaosWorker {
  readonly child: Child;
  /** Between it and Redis; undefined where it finds Redis by Sentinels. */
  readonly redis: TcpProxy | undefined;
}

export interface ChaosStream {
  readonly id: string;
  readonly profile: StreamProfile;
  readonly url: string;
  readonly encoder: RetryingEncoder;
  readonly oracle: PlaylistOracle;
}

const tinyLadder = JSON.stringify([
  { width: 160, height: 90, video: 200, audio: 64 },
  { width: 80, height: 44, video: 100, audio: 64 },
]);

/** How a worker's log begins to report what nothing caught. */
const FAULTS = ['uncaught exception', 'too many uncaught exceptions', 'unhandled rejection'];

/** A log line that is about a stream, with its time in ms since 1970. */
export interface StreamLine extends LogLine {
  at: number;
}

/** A cluster with live streams whose encoders never give up, and proxies to cut its workers off. */
export class ChaosCluster {
  readonly cluster: Cluster;
  readonly app: WebhookReceiver;
  /** Those that are not dead. */
  readonly workers: ChaosWorker[] = [];
  readonly streams: ChaosStream[] = [];
  /** How often rounds have stopped every stream and started it again. */
  ends = 0;
  readonly #env: Record<string, string>;
  readonly #segmentSeconds: number;
  readonly #hosts: boolean;
  readonly #proxies: TcpProxy[] = [];

  /** @param options.hosts each worker is on a host of its own, as far as it knows: node, spool and ports */
  static async start(options: {
    workers: number;
    /** Of each stream. */
    profiles: readonly StreamProfile[];
    segmentSeconds: number;
    hosts?: boolean;
    /** Default `s3`. */
    storage?: Storage | undefined;
    /** Redis with a replica and Sentinels. */
    sentinels?: boolean;
  }): Promise<ChaosCluster> {
    const seconds = String(options.segmentSeconds);
    // The rounds kill more often than any stream may be restarted.
    const env = {
      ...tinyStreams,
      LADDER: tinyLadder,
      HLS_SEGMENT_SECONDS: seconds,
      GOP_SECONDS: seconds,
      HLS_WINDOW: '20',
      RESTART_LIMIT: '1000',
    };
    const { storage, sentinels = false } = options;
    const cluster = await startCluster({ workers: 0, env, storage, sentinels });
    const app = await startWebhookReceiver(cluster.hmacSecret);
    const chaos = new ChaosCluster(cluster, app, env, options);
    for (let i = 0; i < options.workers; i += 1) await chaos.addWorker();
    for (const [i, profile] of options.profiles.entries()) await chaos.#addStream(`show-${i}`, profile);
    return chaos;
  }

  private constructor(
    cluster: Cluster,
    app: WebhookReceiver,
    env: Record<string, string>,
    options: { segmentSeconds: number; hosts?: boolean },
  ) {
    this.cluster = cluster;
    this.app = app;
    this.#env = env;
    this.#segmentSeconds = options.segmentSeconds;
    this.#hosts = options.hosts ?? false;
  }

  async addWorker(): Promise<ChaosWorker> {
    const redis = this.cluster.sentinels ? undefined : await startTcpProxy(this.cluster.redis.port);
    if (redis) this.#proxies.push(redis);
    const host = this.#hosts ? this.#host(this.#proxies.length) : {};
    const url = redis && { REDIS_URL: this.cluster.redis.url.replace(/\d+$/, String(redis.port)) };
    const env = { ...this.#env, ...host, ...url };
    const worker = { child: await this.cluster.addWorker(env), redis };
    this.workers.push(worker);
    return worker;
  }

  #host(n: number): Record<string, string> {
    const first = this.cluster.ports.first + (n % 20) * 5;
    const spool = `${this.cluster.dir}/spool-${n}`;
    return { NODE_ID: `host-${n}`, SPOOL_DIR: spool, SRT_PORTS: `${first}-${first + 4}` };
  }

  /** The worker that took the stream's lease last. */
  ownerOf(streamId: string): ChaosWorker | undefined {
    const claims = this.workers.flatMap(worker =>
      this.lines(worker, streamId, 'lease taken').map(({ at }) => ({ worker, at })),
    );
    return claims.toSorted((a, b) => b.at - a.at)[0]?.worker;
  }

  /** The worker that runs most streams, with those. */
  busiest(): { worker: ChaosWorker; streams: ChaosStream[] } {
    const owned = this.workers.map(worker => ({
      worker,
      streams: this.streams.filter(({ id }) => this.ownerOf(id) === worker),
    }));
    const [busiest] = owned.toSorted((a, b) => b.streams.length - a.streams.length);
    if (!busiest) throw new Error('no worker is left');
    return busiest;
  }

  lines(worker: ChaosWorker, streamId: string, msg: string, after = 0): StreamLine[] {
    return worker.child.log
      .filter(line => line.msg === msg && line.streamId === streamId)
      .map(line => ({ ...line, at: Date.parse(String(line.time)) }))
      .filter(({ at }) => at >= after);
  }

  /** Waits until each of the streams has listed a segment of another worker's since `after`. */
  async allMoved(streams: readonly ChaosStream[], from: ChaosWorker, after: number, timeoutMs: number): Promise<void> {
    for (const { id } of streams) {
      await waitFor(
        `${id} to go on elsewhere`,
        () => this.workers.some(other => other !== from && this.lines(other, id, 'segment listed', after).length > 0),
        timeoutMs,
      );
    }
  }

  /** Waits until every stream lists segments again, two more of them. */
  async allLive(timeoutMs = 30_000): Promise<void> {
    const after = Date.now();
    for (const { id } of this.streams) {
      await waitFor(
        `${id} to be live`,
        () => this.workers.some(worker => this.lines(worker, id, 'segment listed', after).length >= 2),
        timeoutMs,
      );
    }
  }

  /** Ends all streams as an app does, and answers with everything that was wrong. */
  async verify(): Promise<string[]> {
    const { cluster, app } = this;
    for (const { id } of this.streams) await cluster.client.stop(id);
    for (const { id } of this.streams) await cluster.client.inState(id, 'STOPPED', 30_000);
    const verdicts = await Promise.all(this.streams.map(({ oracle }) => oracle.stop()));
    await Promise.all(this.streams.map(({ encoder }) => encoder.stop()));
    // Delivered at least once, so one event is one id.
    const stopped = (id: string): number =>
      new Set(
        app.received.filter(event => event.StreamId === id && event.Status === 'STOPPED').map(event => event.EventId),
      ).size;
    const all = (): boolean => this.streams.every(({ id }) => stopped(id) > this.ends);
    await waitFor('the last webhooks', all, 60_000).catch(() => undefined);
    const left = await assertNothingLeft(cluster, 60_000).then(
      () => [],
      error => [String(error.message)],
    );
    return [
      ...verdicts.flatMap(({ violations }) => violations.map(text => `oracle: ${text}`)),
      ...this.streams
        .filter(({ id }) => stopped(id) !== this.ends + 1)
        .map(({ id }) => `${id}: STOPPED reported ${stopped(id)} times`),
      ...this.#repeated(),
      ...left,
      ...writerFaults(cluster.s3?.accepted ?? []),
      ...(cluster.s3?.violations ?? []),
      ...this.#crashes(),
    ];
  }

  /** Of all streams together: how many owners wrote a playlist, one after the other. */
  playlistWriters(): number {
    const accepted = this.cluster.s3?.accepted ?? [];
    return this.streams.reduce(
      (sum, { url }) => sum + writers(accepted, new URL(url).pathname.replace('/_public/', '')),
      0,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.streams.flatMap(({ encoder, oracle }) => [encoder.stop(), oracle.stop()]));
    await this.cluster.stop();
    await Promise.all(this.#proxies.map(proxy => proxy.close()));
    await this.app.close();
  }

  /** Starts a stream, for the first time or again. */
  startRun({ id, profile }: Pick<ChaosStream, 'id' | 'profile'>): Promise<Answer> {
    return this.cluster.client.start(id, { profile, webhook_urls: [this.app.url] });
  }

  async #addStream(id: string, profile: StreamProfile): Promise<void> {
    const { client } = this.cluster;
    await this.startRun({ id, profile });
    const { srt_url: first } = await client.inState(id, 'READY');
    // What a streamer does: the URL of the latest READY webhook.
    const url = (): string =>
      this.app.received.findLast(event => event.StreamId === id && event.Status === 'READY')?.SrtUrl || String(first);
    const encoder = new RetryingEncoder(url, this.#segmentSeconds);
    const link = await client.link(id);
    this.streams.push({ id, profile, url: link, encoder, oracle: new PlaylistOracle(link) });
  }

  /** Events that were reported twice under different ids: a state write that was carried out twice. */
  #repeated(): string[] {
    return this.streams.flatMap(({ id }) => {
      const events = this.app.received.filter(event => event.StreamId === id);
      const ordered = [...new Map(events.map(event => [event.EventId, event])).values()];
      const twins = ordered.filter((event, i) => {
        const before = ordered[i - 1];
        const isStep = event.Reason !== 'segments_dropped' && event.Reason !== 'worker_lost';
        return isStep && before?.Status === event.Status && before.Reason === event.Reason;
      });
      return twins.map(({ Status, Reason }) => `${id}: ${Status} (${Reason}) was reported twice in a row`);
    });
  }

  /** Workers that ended by themselves, or logged an uncaught fault. */
  #crashes(): string[] {
    return this.cluster.workers.flatMap(({ log, pid }) =>
      log
        .filter(line => FAULTS.some(fault => line.msg?.startsWith(fault)))
        .map(line => `worker ${pid}: ${JSON.stringify(line.err)}`),
    );
  }
}
