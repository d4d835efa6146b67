import { availableParallelism, loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Logger } from '../../common/createLogger.ts';
import type { WorkerStatus } from '../../common/workers/workerStatus.ts';
import { judgeCapacity, type Measures } from './judgeCapacity.ts';

const LOOK_MS = 1_000;
/** The spool is measured every so many looks, and the event loop's delay is that of the last 10 s. */
const WINDOW_LOOKS = 10;
const RESOLUTION_MS = 20;
const SETTLED_MS = 10_000;

type Encode = Measures['encodes'][number];

/** Watches whether this worker has room for another stream, and reports when that changes. */
export class CapacityGuard {
  readonly #readSpool: () => Promise<Measures['spool']>;
  readonly #onChange: (reason: string | undefined) => void;
  readonly #log: Logger;
  readonly #encodes = new Map<string, Encode & { since: number }>();
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #eventLoopMs = 0;
  #spool: Measures['spool'] = { usedBytes: 0, freeBytes: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };
  /** When the measurement that is under way began (performance.now()). */
  #measuringSince: number | undefined;
  #looks = 0;
  #reason: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param options.onChange the reason to take no more streams, or undefined when it is over */
  constructor(options: {
    readSpool: () => Promise<Measures['spool']>;
    onChange: (reason: string | undefined) => void;
    log: Logger;
  }) {
    this.#readSpool = options.readSpool;
    this.#onChange = options.onChange;
    this.#log = options.log;
  }

  start(): void {
    this.#delay.enable();
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  /** Why this worker takes no streams; undefined: it does. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** An encode's progress, or its end. @param key unique among the encodes of this worker */
  note(key: string, encode: Encode | undefined): void {
    if (!encode) {
      this.#encodes.delete(key);
      return;
    }
    const since = this.#encodes.get(key)?.since ?? performance.now();
    this.#encodes.set(key, { speed: encode.speed, behindSeconds: encode.behindSeconds, since });
  }

  load(): WorkerStatus['load'] {
    const encodes = [...this.#encodes.values()];
    const { freeBytes, usedBytes, maxBytes } = this.#spool;
    return {
      cpu: (loadavg()[0] ?? 0) / availableParallelism(),
      eventLoopMs: this.#eventLoopMs,
      ...(encodes.length > 0 && {
        slowestEncode: Math.min(...encodes.map(({ speed }) => speed)),
        behindSeconds: Math.max(...encodes.map(({ behindSeconds }) => behindSeconds)),
      }),
      ...{ spoolFreeBytes: freeBytes, spoolUsedBytes: usedBytes, spoolMaxBytes: maxBytes },
    };
  }

  #look(): void {
    if (this.#looks % WINDOW_LOOKS === 0) {
      this.#readEventLoop();
      void this.#measureSpool();
    }
    this.#looks += 1;
    this.#judge();
  }

  #judge(): void {
    const now = performance.now();
    const reason = judgeCapacity({
      // One that has just begun has a start to make up for.
      encodes: [...this.#encodes.values()].filter(({ since }) => now - since >= SETTLED_MS),
      eventLoopMs: this.#eventLoopMs,
      spool: this.#spool,
      measuringMs: now - (this.#measuringSince ?? now),
    });
    const changed = (reason === undefined) !== (this.#reason === undefined);
    this.#reason = reason;
    if (!changed) return;
    if (reason) this.#log.warn({ reason, load: this.load() }, 'this worker takes no new streams');
    else this.#log.info('this worker takes new streams again');
    this.#onChange(reason);
  }

  #readEventLoop(): void {
    if (this.#delay.count > 0) this.#eventLoopMs = this.#delay.percentile(99) / 1e6;
    this.#delay.reset();
  }

  /** One at a time: on a slow disk a walk of the spool may take longer than the pause between two. */
  async #measureSpool(): Promise<void> {
    if (this.#measuringSince !== undefined) return;
    this.#measuringSince = performance.now();
    try {
      this.#spool = await this.#readSpool();
    } catch (error) {
      this.#log.debug({ err: error }, 'spool not measured; retry follows');
    } finally {
      this.#measuringSince = undefined;
    }
  }
}
