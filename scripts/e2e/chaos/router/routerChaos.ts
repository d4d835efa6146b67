import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { RouterRegistry } from '../../../../common/routers/routerRegistry.ts';
import type { StreamProfile } from '../../../../common/stream/streamProfile.ts';
import { freeUdpPort } from '../../../../worker/ingest/testing/freeUdpPort.ts';
import { assertNothingLeft } from '../../harness/assertNothingLeft.ts';
import { type Child, startChild } from '../../harness/childProcess.ts';
import { type Cluster, startCluster } from '../../harness/cluster.ts';
import { PlaylistOracle } from '../../harness/playlistOracle.ts';
import { tinyStreams } from '../../harness/tinyStreams.ts';
import { waitFor } from '../../harness/waitFor.ts';
import { writerFaults } from '../oneWriter.ts';
import { startTcpProxy, type TcpProxy } from '../tcpProxy.ts';
import { HostLab, type LabHost } from './hostLab.ts';
import { PictureWatch } from './pictureWatch.ts';
import { type Caller, RoutedEncoder } from './routedEncoder.ts';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const SEGMENT_SECONDS = 2;
/** Of the encoders. */
const GOP_SECONDS = 1;

export interface RoutedStream {
  readonly id: string;
  readonly profile: StreamProfile;
  readonly encoder: RoutedEncoder;
  readonly watch: PictureWatch;
  readonly oracle: PlaylistOracle;
}

export interface HostedProcess {
  readonly child: Child;
  readonly host: LabHost;
}

const CALLERS: readonly { profile: StreamProfile; caller: Caller }[] = [
  { profile: 'transcode', caller: 'ffmpeg' },
  { profile: 'passthrough', caller: 'srt-live-transmit' },
];

/** Three workers on two hosts, two routers on two others with one address, and encoders that call that address. */
export class RouterChaos {
  readonly lab: HostLab;
  readonly cluster: Cluster;
  /** Those that are not dead. */
  readonly workers: HostedProcess[] = [];
  /** The first one has the address. */
  readonly routers: HostedProcess[] = [];
  readonly streams: RoutedStream[] = [];
  readonly #relays: { redis: TcpProxy; s3: TcpProxy };
  readonly #redis: Redis;
  readonly #port: number;
  readonly #ended = new Set<Child>();

  static async start(): Promise<RouterChaos> {
    const lab = await HostLab.open();
    const stack = [() => lab.close()];
    try {
      const env = {
        ...tinyStreams,
        ...{ HLS_SEGMENT_SECONDS: String(SEGMENT_SECONDS), GOP_SECONDS: String(SEGMENT_SECONDS), HLS_WINDOW: '20' },
        // The rounds kill more often than any stream may be restarted.
        RESTART_LIMIT: '1000',
      };
      const cluster = await startCluster({ workers: 0, env });
      const redis = await startTcpProxy(cluster.redis.port, lab.address);
      const s3 = await startTcpProxy(Number(new URL(cluster.s3?.endpoint ?? '').port), lab.address);
      const chaos = new RouterChaos(lab, cluster, { redis, s3 }, await freeUdpPort());
      stack.push(() => chaos.stop());
      await chaos.#populate();
      return chaos;
    } catch (error) {
      for (const stop of stack.toReversed()) await stop();
      throw error;
    }
  }

  private constructor(lab: HostLab, cluster: Cluster, relays: { redis: TcpProxy; s3: TcpProxy }, port: number) {
    this.lab = lab;
    this.cluster = cluster;
    this.#relays = relays;
    this.#redis = new Redis(cluster.redis.url);
    this.#port = port;
  }

  async addWorker(host: LabHost): Promise<void> {
    const { dir, env } = this.cluster;
    const own = {
      NODE_ID: host.name,
      SPOOL_DIR: `${dir}/${host.name}`,
      SRT_HOST: host.address,
      SRT_BIND: host.address,
    };
    const child = this.#run(host, 'worker/main.ts', { ...env, ...this.#remote, ...own });
    // Stopped with the cluster, and its log is searched for faults.
    this.cluster.workers.push(child);
    void child.exited.then(() => this.#ended.add(child));
    await child.line('worker ready', 30_000);
    this.workers.push({ child, host });
  }

  async addRouter(host: LabHost): Promise<void> {
    const place = { ROUTER_BIND: this.lab.shared, ROUTER_HOST: this.lab.shared, ROUTER_PORT: String(this.#port) };
    const child = this.#run(host, 'router/main.ts', {
      ...{ JWT_SECRET: this.cluster.jwtSecret, LOG_LEVEL: 'debug', NODE_ID: host.name },
      ...{ ...this.#remote, ...place },
    });
    await child.line('router ready', 30_000);
    this.routers.push({ child, host });
  }

  /** The worker that took the stream's lease last. */
  ownerOf({ id }: RoutedStream): HostedProcess | undefined {
    const claims = this.workers.flatMap(worker => this.times(worker, 'lease taken', id).map(at => ({ worker, at })));
    return claims.toSorted((a, b) => b.at - a.at)[0]?.worker;
  }

  hasEnded(child: Child): boolean {
    return this.#ended.has(child);
  }

  ownedBy(worker: HostedProcess): RoutedStream[] {
    return this.streams.filter(stream => this.ownerOf(stream) === worker);
  }

  /** When a process logged that of a stream, ms since 1970. */
  times({ child }: HostedProcess, msg: string, streamId: string): number[] {
    return child.log
      .filter(line => line.msg === msg && line.streamId === streamId)
      .map(line => Date.parse(String(line.time)));
  }

  /** Waits until every stream has listed another segment. */
  async allLive(): Promise<void> {
    const before = this.streams.map(({ watch }) => watch.count);
    for (const [i, { id, watch }] of this.streams.entries())
      await waitFor(`${id} to be live`, () => watch.count > (before[i] ?? 0), 60_000);
  }

  /** Ends all streams, and answers with everything that was wrong. */
  async verify(): Promise<string[]> {
    const { client, s3 } = this.cluster;
    for (const { id } of this.streams) await client.stop(id);
    for (const { id } of this.streams) await client.inState(id, 'STOPPED', 30_000);
    const verdicts = await Promise.all(this.streams.map(({ oracle }) => oracle.stop()));
    await Promise.all(this.streams.map(({ encoder }) => encoder.stop()));
    const left = await assertNothingLeft(this.cluster, 60_000).then(
      () => [],
      error => [String(error.message)],
    );
    return [
      ...verdicts.flatMap(({ violations }) => violations.map(text => `oracle: ${text}`)),
      ...left,
      ...writerFaults(s3?.accepted ?? []),
      ...(s3?.violations ?? []),
    ];
  }

  async stop(): Promise<void> {
    for (const { encoder, watch, oracle } of this.streams)
      await Promise.all([encoder.stop(), watch.stop(), oracle.stop()]);
    this.#redis.disconnect();
    await Promise.all(this.routers.map(({ child }) => child.stop()));
    await this.cluster.stop();
    await Promise.all([this.#relays.redis.close(), this.#relays.s3.close()]);
    await this.lab.close();
  }

  get #remote(): Record<string, string> {
    const { lab, cluster } = this;
    const redis = Object.assign(new URL(cluster.redis.url), { host: `${lab.address}:${this.#relays.redis.port}` });
    return {
      REDIS_URL: redis.href,
      S3_ENDPOINT: `http://${lab.address}:${this.#relays.s3.port}`,
      CLOUDFLARE_PUBLIC_URL: cluster.s3?.publicUrl ?? '',
    };
  }

  #run(host: LabHost, program: string, env: Record<string, string>): Child {
    const [command = '', ...args] = [...host.run, process.execPath, program];
    return startChild(command, args, { cwd: root, env });
  }

  async #populate(): Promise<void> {
    const [one, two] = [await this.lab.addHost(), await this.lab.addHost()];
    for (const host of [one, one, two]) await this.addWorker(host);
    for (const host of [await this.lab.addHost(), await this.lab.addHost()]) {
      await this.lab.mayShare(host);
      await this.addRouter(host);
    }
    await this.lab.share((this.routers[0] as HostedProcess).host);
    const registry = new RouterRegistry(this.#redis);
    await waitFor('two routers in Redis', async () => (await registry.list()).length === 2);
    for (const [i, { profile, caller }] of CALLERS.entries()) await this.#addStream(`show-${i}`, profile, caller);
  }

  async #addStream(id: string, profile: StreamProfile, caller: Caller): Promise<void> {
    const { client } = this.cluster;
    await client.start(id, { profile });
    const { srt_url: url } = await client.inState(id, 'READY');
    const encoder = new RoutedEncoder(caller, String(url), GOP_SECONDS);
    const link = await client.link(id);
    this.streams.push({ id, profile, encoder, watch: new PictureWatch(link), oracle: new PlaylistOracle(link) });
  }
}
