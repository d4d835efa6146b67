import type { Logger } from '../common/createLogger.ts';
import type { RouterRegistry } from '../common/routers/routerRegistry.ts';
import type { RouterStatus } from '../common/routers/routerStatus.ts';

const PERIOD_MS = 2_000;
const TTL_MS = 7_000;

/** Says every two seconds that this router is alive: while one is, workers give its address to encoders. */
export class RouterHeartbeat {
  readonly #registry: RouterRegistry;
  readonly #status: () => RouterStatus;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(registry: RouterRegistry, status: () => RouterStatus, log: Logger) {
    this.#registry = registry;
    this.#status = status;
    this.#log = log;
  }

  start(): void {
    this.beat();
    this.#timer = setInterval(() => this.beat(), PERIOD_MS);
  }

  /** Says it now: Redis is there, or back. */
  beat(): void {
    this.#beating = this.#beat();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    // One that is under way must not come after the sign-off.
    await this.#beating;
    const { id } = this.#status();
    await this.#registry
      .leave(id)
      .catch(error => this.#log.debug({ err: error }, 'router not removed; its entry expires'));
  }

  async #beat(): Promise<void> {
    await this.#registry
      .heartbeat(this.#status(), TTL_MS)
      .catch(error => this.#log.debug({ err: error }, 'heartbeat not sent; Redis does not answer'));
  }
}
