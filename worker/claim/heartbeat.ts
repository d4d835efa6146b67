import type { Logger } from '../../common/createLogger.ts';
import type { WorkerRegistry } from '../../common/workerRegistry.ts';

const PERIOD_MS = 2_000;
const TTL_MS = 7_000;

/** Says every two seconds that this worker is alive. */
export class Heartbeat {
  readonly #registry: WorkerRegistry;
  readonly #worker: string;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(registry: WorkerRegistry, worker: string, log: Logger) {
    this.#registry = registry;
    this.#worker = worker;
    this.#log = log;
  }

  start(): void {
    void this.#beat();
    this.#timer = setInterval(() => void this.#beat(), PERIOD_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#registry.leave(this.#worker).catch(error => this.#log.debug({ err: error }, 'could not sign off'));
  }

  async #beat(): Promise<void> {
    await this.#registry
      .heartbeat(this.#worker, TTL_MS)
      .catch(error => this.#log.debug({ err: error }, 'no heartbeat; Redis does not answer'));
  }
}
