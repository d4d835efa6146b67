import type { Redis } from 'ioredis';
import type { Logger } from '../../../common/createLogger.ts';
import type { RetentionJob, StreamJob } from '../../../common/redis/queues.ts';
import type { HlsOutputEvents } from '../../../worker/publish/hlsOutputContract.ts';
import {
  addClosed,
  createLedger,
  endLedger,
  type Ledger,
  openEpoch,
  settle,
} from '../../../worker/publish/playlist/ledger.ts';
import { LedgerStore } from '../../../worker/publish/playlist/ledgerStore.ts';
import { segmentFile, streamFiles } from '../../../worker/publish/playlist/streamFiles.ts';
import { headers } from '../../../worker/publish/store/headers.ts';
import type { Uploads } from '../../../worker/publish/uploads/uploads.ts';
import type { SegmentEpoch } from '../../../worker/segment/segmentEpoch.ts';
import type { SessionOutput } from '../../../worker/session/sessionContract.ts';

/** As configured by default (HLS_WINDOW), and a segment of 5 Mbit/s. */
const WINDOW = 10;
const BYTES_PER_SECOND = 625_000;

export interface TickingDeps {
  /** Role `request`. */
  redis: Redis;
  uploads: Pick<Uploads, 'upload'>;
  retire: (job: RetentionJob) => Promise<void>;
  segmentSeconds: number;
  /** One rendition is a single profile, three a ladder. */
  renditions: number;
  onStored(ms: number): void;
  log: Logger;
}

/**
 * HlsOutput's part in Redis, and nothing else of it: the real ledger, its working copy and the upload queue. There is no
 * file behind a segment, and no playlist.
 */
export class TickingOutput implements SessionOutput {
  readonly #deps: TickingDeps;
  readonly #job: StreamJob;
  readonly #events: HlsOutputEvents;
  readonly #copies: LedgerStore;
  readonly #uploading = new Set<Promise<void>>();
  readonly #released = new AbortController();
  #ledger: Ledger;
  #playable = false;

  private constructor(deps: TickingDeps, job: StreamJob, events: HlsOutputEvents, copies: LedgerStore, ledger: Ledger) {
    this.#deps = deps;
    this.#job = job;
    this.#events = events;
    this.#copies = copies;
    this.#ledger = ledger;
  }

  static async open(deps: TickingDeps, job: StreamJob, token: string, events: HlsOutputEvents): Promise<TickingOutput> {
    const copies = new LedgerStore(deps.redis, job.streamId, token, deps.log);
    const { stems } = streamFiles(job.streamId, deps.renditions === 1 ? undefined : deps.renditions);
    const saved = await copies.load();
    const ledger =
      saved?.ledger ?? createLedger({ ...job, stems, window: WINDOW, segmentSeconds: deps.segmentSeconds });
    copies.save(ledger);
    return new TickingOutput(deps, job, events, copies, ledger);
  }

  get made(): readonly number[] {
    return [];
  }

  async openEpoch(startedAt: number): Promise<SegmentEpoch> {
    this.#change(openEpoch(this.#ledger, startedAt));
    return {
      ...{ dir: '/dev/null', firstNumber: this.#ledger.nextNumber },
      fileOf: (rendition, number) => segmentFile(this.#ledger.stems[rendition] ?? '', number),
      closed: () => undefined,
      failed: () => undefined,
      discard: async () => undefined,
      leaveOut: async () => undefined,
      close: async () => undefined,
    };
  }

  /** A segment has been closed in every rendition. */
  tick(number: number): void {
    const { segmentSeconds } = this.#deps;
    for (const [rendition, stem] of this.#ledger.stems.entries()) {
      const bytes = BYTES_PER_SECOND * segmentSeconds;
      this.#change(addClosed(this.#ledger, { rendition, number, durationSeconds: segmentSeconds, bytes }));
      const upload = this.#upload(rendition, number, segmentFile(stem, number));
      this.#uploading.add(upload);
      void upload.finally(() => this.#uploading.delete(upload));
    }
  }

  suspend(): void {
    // There are no playlists.
  }

  resume(): void {
    // There are no playlists.
  }

  async finish({ endList }: { endList: boolean }): Promise<{ unstored: number }> {
    await Promise.all(this.#uploading);
    if (endList) {
      this.#ledger = endLedger(this.#ledger);
      const { nextNumber, nextMediaSequence, discontinuitySequence } = this.#ledger;
      await this.#deps.retire({ ...this.#job, nextNumber, nextMediaSequence, discontinuitySequence });
    }
    this.#copies.save(this.#ledger, true);
    await this.#copies.close();
    return { unstored: 0 };
  }

  async abandon(): Promise<void> {
    this.#released.abort();
    this.#copies.stop();
  }

  async #upload(rendition: number, number: number, file: string): Promise<void> {
    const { streamId, run } = this.#job;
    const closedAt = performance.now();
    const job = { streamId, run, file: `${streamId}/${run}/0-1/${file}`, key: `${streamId}/${file}` };
    const outcome = await this.#deps.uploads.upload({ ...job, ...headers.segment }, this.#released.signal);
    if (outcome.kind !== 'stored') return;
    this.#deps.onStored(performance.now() - closedAt);
    this.#change(settle(this.#ledger, rendition, number, 'stored'));
    if (this.#playable) return;
    this.#playable = true;
    this.#events.onPlayable(`http://127.0.0.1/${streamId}/${streamId}.m3u8`);
  }

  #change(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#copies.save(ledger);
  }
}
