import type { Config } from '../../common/config/loadConfig.ts';
import type { Logger } from '../../common/createLogger.ts';
import { mintStreamKey } from '../../common/srt/mintStreamKey.ts';
import { srtUrl } from '../../common/srt/srtUrl.ts';
import { StreamKeyCheck } from '../../common/srt/streamKeyCheck.ts';
import { latencyOf } from '../../common/stream/streamLatency.ts';
import { findWay, type IngestPlace, type RouterAddress } from './findWay.ts';
import { formerPort } from './formerPort.ts';
import { keptSrtUrl } from './keptSrtUrl.ts';
import { openOnLeasedPort } from './openOnLeasedPort.ts';
import type { PortLeases } from './portLease.ts';
import type { SrtPublisher } from './srtPublisher.ts';
import type { ListenOptions, SrtListener, SrtServer } from './srtServer.ts';

export interface StreamIngestDeps {
  config: Pick<
    Config<'JWT_SECRET'>,
    'JWT_SECRET' | 'NODE_ID' | 'SRT_BIND' | 'SRT_LATENCY_MS' | 'LL_SRT_LATENCY_MS' | 'STREAM_KEY_TTL_SECONDS'
  >;
  srtServer: Pick<SrtServer, 'openListener'>;
  ports: PortLeases;
  /** This worker's address: in SRT URLs where there are no routers, and for the routers. */
  srtHostName: string;
  /** The address of the cluster's routers; undefined: none is alive. Rejects while Redis does not answer. */
  findRouter: () => Promise<RouterAddress | undefined>;
  /** Whether the process with this mark has stopped running (ProcessLiveness). */
  isFrozen: (mark: string) => Promise<boolean>;
  log: Logger;
}

/** What is known of the stream from its lease. */
export interface OwnedStream {
  streamId: string;
  run: string;
  /** The fencing token. */
  token: string;
  /** A field of the stream's record. */
  recorded: (field: string) => string | undefined;
}

/** What an encoder needs to reach a stream. */
export interface StreamAddress {
  srtUrl: string;
  /** Of the key in it. */
  urlGeneration: number;
}

/** An open listener, and the URL that leads to it. */
export interface OpenIngest extends Readonly<StreamAddress> {
  readonly port: number;
  /** How encoders and routers reach it, for the record. */
  readonly place: IngestPlace;
  /**
   * Reads the stream's record again after its key or passphrase was rotated: makes the new URL, and disconnects the encoders
   * whose key was revoked.
   */
  rekey(): StreamAddress & { disconnected: number };
  readonly close: SrtListener['close'];
}

/** Where one run's encoder arrives: its port, its URL and its key. All three survive a change of owner where they can. */
export class StreamIngest {
  readonly #deps: StreamIngestDeps;
  readonly #stream: OwnedStream;
  readonly #keys: StreamKeyCheck;
  /** The encoders that are connected, by the generation of their key. */
  readonly #encoders = new Map<SrtPublisher, number>();

  constructor(deps: StreamIngestDeps, stream: OwnedStream) {
    this.#deps = deps;
    this.#stream = stream;
    const { streamId, run, recorded } = stream;
    const secret = deps.config.JWT_SECRET;
    this.#keys = new StreamKeyCheck({ streamId, run, secret, acceptExpired: recorded('keyAccepted') === '1' });
  }

  /**
   * Opens a listener, on the port that the stream had before if this node can.
   * @throws AppError `ports_exhausted`, `listener_error`, `key_error`, or the signal's reason
   */
  async open(events: Pick<ListenOptions, 'onPublisher' | 'onRefused'>, signal: AbortSignal): Promise<OpenIngest> {
    const { config, srtServer, ports, isFrozen, log } = this.#deps;
    this.#readAccess();
    const former = await formerPort(this.#stream.recorded, config.NODE_ID, isFrozen);
    const leased = await openOnLeasedPort({
      host: srtServer,
      ports,
      holder: this.#holder,
      ...former,
      listen: {
        ...events,
        bind: config.SRT_BIND,
        latencyMs: this.#latencyMs,
        admit: streamIdText => this.#keys.judge(streamIdText),
        onPublisher: publisher => this.#enter(publisher, events.onPublisher),
        log,
      },
      signal,
    });
    log.info({ port: leased.port }, 'listener open');
    // The key may have been rotated while the port was awaited.
    this.#readAccess();
    const { port } = leased;
    const { srtHostName: host, findRouter } = this.#deps;
    const { place, shown } = await findWay({ own: { host, port }, stream: this.#stream, findRouter, log });
    return {
      ...{ port, place, ...this.#address(shown) },
      rekey: () => this.#rekey(shown),
      close: how => leased.close(how),
    };
  }

  /** Releases the former owner's lease of its port. The ports of another node are not released: their leases run out. */
  async givePortBack(): Promise<void> {
    const { config, ports, isFrozen } = this.#deps;
    const former = await formerPort(this.#stream.recorded, config.NODE_ID, isFrozen);
    if (former)
      await ports.release(await ports.claim({ holder: this.#holder, preferred: former.preferred }), this.#holder);
  }

  get #latencyMs(): number {
    const { SRT_LATENCY_MS: usual, LL_SRT_LATENCY_MS: low } = this.#deps.config;
    return latencyOf(this.#stream.recorded('latency')) === 'low' ? Math.min(usual, low) : usual;
  }

  get #holder(): string {
    const { streamId, run, token } = this.#stream;
    return `${streamId}.${run}.${token}`;
  }

  #count(field: 'keyGeneration' | 'keyFloor' | 'urlGeneration'): number {
    const count = Number(this.#stream.recorded(field) ?? 0);
    return Number.isSafeInteger(count) ? count : 0;
  }

  #readAccess(): void {
    this.#keys.change({ floor: this.#count('keyFloor'), passphrase: this.#stream.recorded('passphrase') });
  }

  /** A caller that got through the handshake just before its key was revoked is too late. */
  #enter(publisher: SrtPublisher, onPublisher: (publisher: SrtPublisher) => void): void {
    const admission = this.#keys.judge(publisher.streamId);
    if (!admission.accept) {
      publisher.close();
      return;
    }
    this.#encoders.set(publisher, admission.generation ?? this.#count('keyGeneration'));
    void publisher.ended.then(() => this.#encoders.delete(publisher));
    onPublisher(publisher);
  }

  #rekey(shown: RouterAddress): StreamAddress & { disconnected: number } {
    this.#readAccess();
    const floor = this.#count('keyFloor');
    const revoked = [...this.#encoders].filter(([, generation]) => generation < floor);
    for (const [publisher] of revoked) publisher.close();
    return { ...this.#address(shown), disconnected: revoked.length };
  }

  /** @param shown the place in the URL: this worker's own, or the routers' */
  #address(shown: RouterAddress): StreamAddress {
    const { streamId, run, recorded } = this.#stream;
    const { config } = this.#deps;
    const generation = this.#count('keyGeneration');
    const key = mintStreamKey({
      ...{ streamId, run, generation },
      secret: config.JWT_SECRET,
      ttlSeconds: config.STREAM_KEY_TTL_SECONDS,
    });
    const before = this.#count('urlGeneration') === generation ? recorded('srtUrl') : undefined;
    return { srtUrl: keptSrtUrl(before, srtUrl(shown, streamId, key)), urlGeneration: generation };
  }
}
