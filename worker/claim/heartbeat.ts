import type { Logger } from '../../common/createLogger.ts';
import type { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import type { WorkerStatus } from '../../common/workers/workerStatus.ts';

const PERIOD_MS = 2_000;
const TTL_MS = 7_000;

/** Reports every two seconds that this worker is alive, and how it is. Redis answers whether an operator has drained it. */
export class Heartbeat {
  readonly #registry: WorkerRegistry;
  readonly #status: () => WorkerStatus;
  readonly #onAnswer: (isDrained: boolean) => void;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(options: {
    registry: WorkerRegistry;
    status: () => WorkerStatus;
    onAnswer: (isDrained: boolean) => void;
    log: Logger;
  }) {
    this.#registry = options.registry;
    this.#status = options.status;
    this.#onAnswer = options.onAnswer;
    this.#log = options.log;
  }

  start(): void {
    this.beat();
    this.#timer = setInterval(() => this.beat(), PERIOD_MS);
  }

  /** Reports it now: something has changed that others wait for. */
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
    try {
      this.#onAnswer(await this.#registry.heartbeat(this.#status(), TTL_MS));
    } catch (error) {
      this.#log.debug({ err: error }, 'heartbeat not sent; Redis does not answer');
    }
  }
}
