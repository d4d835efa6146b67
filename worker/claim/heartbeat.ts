import type { Logger } from '../../common/createLogger.ts';
import type { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import type { WorkerStatus } from '../../common/workers/workerStatus.ts';

const PERIOD_MS = 2_000;
const TTL_MS = 7_000;

/** Says every two seconds that this worker is alive, and how it is. */
export class Heartbeat {
  readonly #registry: WorkerRegistry;
  readonly #status: () => WorkerStatus;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(registry: WorkerRegistry, status: () => WorkerStatus, log: Logger) {
    this.#registry = registry;
    this.#status = status;
    this.#log = log;
  }

  start(): void {
    this.beat();
    this.#timer = setInterval(() => this.beat(), PERIOD_MS);
  }

  /** Says it now: something has changed that others wait for. */
  beat(): void {
    this.#beating = this.#beat();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    // One that is under way must not come after the sign-off.
    await this.#beating;
    await this.#registry
      .leave(this.#status().id)
      .catch(error =>
        this.#log.debug({ err: error }, 'worker not removed from the list of workers; its entry expires'),
      );
  }

  async #beat(): Promise<void> {
    await this.#registry
      .heartbeat(this.#status(), TTL_MS)
      .catch(error => this.#log.debug({ err: error }, 'heartbeat not sent; Redis does not answer'));
  }
}
