import type { Config } from '../../common/config/loadConfig.ts';
import type { Logger } from '../../common/createLogger.ts';
import { mintStreamKey } from '../../common/srt/mintStreamKey.ts';
import { srtUrl } from '../../common/srt/srtUrl.ts';
import { StreamKeyCheck } from '../../common/srt/streamKeyCheck.ts';
import { formerPort } from './formerPort.ts';
import { keptSrtUrl } from './keptSrtUrl.ts';
import { openOnLeasedPort } from './openOnLeasedPort.ts';
import type { PortLeases } from './portLease.ts';
import type { ListenOptions, SrtListener, SrtServer } from './srtServer.ts';

export interface StreamIngestDeps {
  config: Pick<
    Config<'JWT_SECRET'>,
    'JWT_SECRET' | 'NODE_ID' | 'SRT_BIND' | 'SRT_LATENCY_MS' | 'STREAM_KEY_TTL_SECONDS'
  >;
  srtServer: Pick<SrtServer, 'openListener'>;
  ports: PortLeases;
  /** The host in SRT URLs. */
  srtHostName: string;
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

/** An open listener, and the URL that leads to it. */
export interface OpenIngest {
  readonly port: number;
  readonly srtUrl: string;
  readonly close: SrtListener['close'];
}

/** Where one run's encoder arrives: its port, its URL and its key. All three survive a change of owner where they can. */
export class StreamIngest {
  readonly #deps: StreamIngestDeps;
  readonly #stream: OwnedStream;

  constructor(deps: StreamIngestDeps, stream: OwnedStream) {
    this.#deps = deps;
    this.#stream = stream;
  }

  /**
   * Opens a listener, on the port that the stream had before if this node can.
   * @throws AppError `ports_exhausted`, `listener_error`, `key_error`, or the signal's reason
   */
  async open(events: Pick<ListenOptions, 'onPublisher' | 'onRefused'>, signal: AbortSignal): Promise<OpenIngest> {
    const { config, srtServer, ports, isFrozen, log } = this.#deps;
    const keys = this.#keyCheck();
    const former = await formerPort(this.#stream.recorded, config.NODE_ID, isFrozen);
    const leased = await openOnLeasedPort({
      host: srtServer,
      ports,
      holder: this.#holder,
      ...former,
      listen: {
        bind: config.SRT_BIND,
        latencyMs: config.SRT_LATENCY_MS,
        admit: streamIdText => keys.judge(streamIdText),
        ...events,
        log,
      },
      signal,
    });
    log.info({ port: leased.port }, 'listener open');
    return { port: leased.port, srtUrl: this.#url(leased.port), close: how => leased.close(how) };
  }

  /** Releases the former owner's lease of its port. The ports of another node are not released: their leases run out. */
  async givePortBack(): Promise<void> {
    const { config, ports, isFrozen } = this.#deps;
    const former = await formerPort(this.#stream.recorded, config.NODE_ID, isFrozen);
    if (former)
      await ports.release(await ports.claim({ holder: this.#holder, preferred: former.preferred }), this.#holder);
  }

  get #holder(): string {
    const { streamId, run, token } = this.#stream;
    return `${streamId}.${run}.${token}`;
  }

  #keyCheck(): StreamKeyCheck {
    const { streamId, run, recorded } = this.#stream;
    const secret = this.#deps.config.JWT_SECRET;
    return new StreamKeyCheck({ streamId, run, secret, acceptExpired: recorded('keyAccepted') === '1' });
  }

  #url(port: number): string {
    const { streamId, run, recorded } = this.#stream;
    const { config, srtHostName: host } = this.#deps;
    const key = mintStreamKey({
      ...{ streamId, run },
      secret: config.JWT_SECRET,
      ttlSeconds: config.STREAM_KEY_TTL_SECONDS,
    });
    return keptSrtUrl(recorded('srtUrl'), srtUrl({ host, port }, streamId, key));
  }
}
