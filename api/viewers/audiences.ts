import type { Logger } from '../../common/createLogger.ts';
import type { Audience } from './audience.ts';
import type { AudienceStore } from './audienceStore.ts';
import type { ViewerBeacon } from './viewerBeacon.ts';

const FLUSH_MS = 1_000;
/** Beacons that wait for the next flush; more are dropped. */
const MOST = 10_000;
const AGE_MS = 2_000;

const nobody: Audience = {
  ...{ viewers: 0, stallsPerMinute: 0, errorsPerMinute: 0, joinMsP50: undefined },
  joins: new Map(),
};

/** The viewers of all streams: takes their beacons, and knows what they have reported. Beacons are lost while Redis is away. */
export class Audiences {
  readonly #store: AudienceStore;
  readonly #log: Logger;
  #pending = new Map<string, ViewerBeacon[]>();
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #latest: { audiences: Promise<Map<string, Audience & { share: number }>>; until: number } | undefined;

  constructor(deps: { store: AudienceStore; log: Logger }) {
    this.#store = deps.store;
    this.#log = deps.log;
  }

  /** Takes a beacon, to be written within a second. False: as many as may are waiting already, and it is dropped. */
  take(streamId: string, beacon: ViewerBeacon): boolean {
    if (this.#size >= MOST) return false;
    this.#size += 1;
    const waiting = this.#pending.get(streamId);
    if (waiting) waiting.push(beacon);
    else this.#pending.set(streamId, [beacon]);
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
    return true;
  }

  /** Writes what waits. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const beacons = this.#pending;
    const count = this.#size;
    this.#pending = new Map();
    // What is being written counts until it is.
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#store.record(beacons);
      } catch (error) {
        this.#log.debug({ err: error, count }, "viewers' beacons are lost: Redis does not answer");
      }
      this.#size -= count;
    });
    return this.#writing;
  }

  /** Of one stream; a stream that nobody has reported has no viewers. Throws when Redis does not answer. */
  async of(streamId: string): Promise<Audience> {
    return (await this.all()).get(streamId) ?? nobody;
  }

  /** The share of this stream's viewers that is to report, 0 to 1. While Redis is away: all. */
  async shareOf(streamId: string): Promise<number> {
    const known = await this.all().catch(() => undefined);
    return known?.get(streamId)?.share ?? 1;
  }

  /** Of every stream that has viewers, at most two seconds old. */
  all(): Promise<ReadonlyMap<string, Audience & { share: number }>> {
    if (this.#latest && Date.now() < this.#latest.until) return this.#latest.audiences;
    const audiences = this.#store.read();
    const mine = { audiences, until: Date.now() + AGE_MS };
    this.#latest = mine;
    audiences.catch(() => {
      mine.until = 0;
    });
    return audiences;
  }

  /** Writes what waits, once. */
  async stop(): Promise<void> {
    await this.flush();
  }
}
