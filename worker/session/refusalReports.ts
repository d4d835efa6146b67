import type { Refusals } from '../../common/srt/refusalLog.ts';
import { type LastRefusal, lastRefusal } from '../../common/stream/lastRefusal.ts';
import type { StreamWrite } from '../claim/leaseScripts.ts';

/** Anybody can be refused, without a key: events in this distance (ms) do not fill the webhooks' lanes. */
const EVENT_MS = 10_000;

/** The part of StreamLease that this needs. */
interface Lease {
  write(write: StreamWrite): Promise<boolean>;
  recorded(field: string): string | undefined;
}

/**
 * Writes refused encoders into the stream's record, and an event with reason `encoder_refused` at most once in ten seconds.
 * One write waits at a time: while Redis is away, what is refused meanwhile goes into the next one.
 */
export class RefusalReports {
  readonly #lease: Lease;
  readonly #now: () => number;
  #count: number;
  #next: Omit<LastRefusal, 'count'> | undefined;
  #isWriting = false;
  #eventAt = Number.NEGATIVE_INFINITY;

  /** @param now ms, monotonic */
  constructor(lease: Lease, now = () => performance.now()) {
    this.#lease = lease;
    this.#now = now;
    this.#count = countSoFar(lease.recorded('lastRefusal'));
  }

  add({ code, peer, why, refused }: Omit<Refusals, 'codes'>): void {
    this.#count += refused;
    this.#next = { code, peer, message: why, at: Date.now() };
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#next) {
      const refusal: LastRefusal = { ...this.#next, count: this.#count };
      this.#next = undefined;
      await this.#lease.write({ fields: { lastRefusal: JSON.stringify(refusal) }, ...this.#event(refusal) });
    }
    this.#isWriting = false;
  }

  #event({ code, peer, message }: LastRefusal): Pick<StreamWrite, 'event' | 'eventReason'> {
    const now = this.#now();
    if (now - this.#eventAt < EVENT_MS) return {};
    this.#eventAt = now;
    return { event: `An encoder was refused: ${message} (code ${code}, ${peer})`, eventReason: 'encoder_refused' };
  }
}

/** An owner before this one may have counted. */
function countSoFar(text: string | undefined): number {
  const read = lastRefusal.safeParse(text);
  return read.success ? read.data.count : 0;
}
