import type { Logger } from '../../../common/createLogger.ts';
import type { EpochRecord } from './epochRecord.ts';
import type { Spool } from './spool.ts';

export interface DroppedFile {
  file: string;
  bytes: number;
  reason: 'size' | 'age' | 'name taken';
}

/** Reports an event to the stream of a dead owner. Rejects while Redis is away. */
export type TellStream = (stream: { streamId: string; run: string }, update: string) => Promise<unknown>;

interface Pending {
  origin: string;
  streamId: string;
  run: string;
  count: number;
  reasons: Set<string>;
}

const words: Record<DroppedFile['reason'], string> = {
  size: 'the spool is full (SPOOL_MAX_BYTES, or its disk)',
  age: 'they were older than SPOOL_MAX_AGE_SECONDS',
  'name taken': 'their names have other bytes in the store',
};

/** Records segments that left the spool without being stored. Each drop is logged and counted, and reported to its stream once a sweep. */
export class SpoolDrops {
  readonly #spool: Spool;
  readonly #tell: TellStream;
  readonly #onDropped: () => void;
  readonly #log: Logger;
  #pending = new Map<string, Pending>();

  /** @param options.onDropped called for each dropped segment */
  constructor(options: {
    spool: Spool;
    tell: TellStream;
    onDropped?: () => void;
    log: Logger;
  }) {
    this.#spool = options.spool;
    this.#tell = options.tell;
    this.#onDropped = options.onDropped ?? (() => undefined);
    this.#log = options.log;
  }

  add(origin: string, { streamId, run }: EpochRecord, dropped: DroppedFile): void {
    this.#onDropped();
    this.#log.error({ streamId, run, ...dropped }, 'segment dropped from the spool');
    const pending = this.#pending.get(origin) ?? { origin, streamId, run, count: 0, reasons: new Set<string>() };
    pending.count += 1;
    pending.reasons.add(words[dropped.reason]);
    this.#pending.set(origin, pending);
  }

  /** Reports what was added since. What cannot be reported now (Redis is away) is reported at the next sweep. */
  async flush(): Promise<void> {
    for (const [key, { origin, count, reasons, ...stream }] of this.#pending) {
      const update = `${count} segment(s) were dropped before they were stored: ${[...reasons].join('; ')}`;
      try {
        if (!this.#spool.tellDropped(origin, update)) await this.#tell(stream, update);
        this.#pending.delete(key);
      } catch (error) {
        this.#log.debug({ err: error, ...stream }, 'dropped segments not reported to their stream; retry follows');
      }
    }
  }
}
