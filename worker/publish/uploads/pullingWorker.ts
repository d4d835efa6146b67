import { type Job, Worker } from 'bullmq';

/** Jobs that others left are seen within this time. */
const POLL_MS = 500;

/**
 * A BullMQ worker that takes a job when it is told that there is one or when the next attempt of one of its own is due,
 * and looks twice a second for others. BullMQ's own loop waits in Redis instead (BZPOPMIN) and asks about four times for
 * each job when jobs come one by one; locks, stalled jobs, attempts and everything else are BullMQ's.
 */
export class PullingWorker<Payload> extends Worker<Payload> {
  readonly #slots = new Set<Promise<void>>();
  /** Pauses of jobs that this worker is to try again. */
  readonly #pauses = new Set<NodeJS.Timeout>();
  #most = 1;
  #pulls = 0;
  #timer: NodeJS.Timeout | undefined;
  #polling = false;
  /** There may be more in the queue than was asked for. */
  #more = false;
  /** Not begun yet, or draining. */
  #idle = true;

  /** @param most jobs at a time */
  begin(most: number): void {
    this.#most = most;
    this.#idle = false;
    this.lockManager.start();
    void this.startStalledCheckTimer();
    this.#timer = setInterval(() => void this.#poll(), POLL_MS);
  }

  /** A job was added: takes one, unless as many as may be are under way; then the next that ends goes on with it. */
  pull(): void {
    if (this.#idle) return;
    if (this.#slots.size >= this.#most) this.#more = true;
    else void this.#take();
  }

  /** A job was added that may be taken in so long. */
  pullAfter(ms: number): void {
    if (this.#idle) return;
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      this.pull();
      // Never before the job's own time, which is in whole milliseconds.
    }, ms + 1);
    this.#pauses.add(pause);
  }

  /** Takes no more, and resolves when those under way have ended. */
  async drain(): Promise<void> {
    this.#idle = true;
    clearInterval(this.#timer);
    for (const pause of this.#pauses) clearTimeout(pause);
    while (this.#slots.size > 0) await Promise.all(this.#slots);
  }

  async #poll(): Promise<void> {
    if (this.#polling || this.#slots.size >= this.#most) return;
    this.#polling = true;
    this.#more = true;
    // What is found by looking may not be alone.
    while (this.#more && !this.#idle && this.#slots.size < this.#most) await this.#take();
    this.#polling = false;
  }

  /** Resolves when it is known whether there was a job; the job itself goes on. */
  #take(): Promise<void> {
    return new Promise(resolve => {
      const slot = this.#run(resolve)
        .catch((error: Error) => void this.emit('error', error))
        .finally(() => {
          this.#slots.delete(slot);
          resolve();
        });
      this.#slots.add(slot);
    });
  }

  async #run(onKnown: () => void): Promise<void> {
    this.#pulls += 1;
    const token = `${this.id}:${this.#pulls}`;
    // Undefined when there is none, whatever its type says.
    let job: Job<Payload> | undefined = await this.getNextJob(token, { block: false });
    if (!job) this.#more = false;
    onKnown();
    while (job) {
      let asked = false;
      const next = await this.processJob(job, token, () => {
        asked = this.#more && !this.#idle;
        return asked;
      });
      if (job.delay > 0) this.pullAfter(job.delay);
      // biome-ignore lint/suspicious/noConfusingVoidType: as BullMQ has typed it
      job = (next as Job<Payload> | void) || undefined;
      if (asked && !job) this.#more = false;
    }
  }
}
