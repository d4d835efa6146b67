/** Lets uploads begin, or holds them back while it is not sure whose the stream is. */
export class UploadGate {
  readonly #mayWrite: () => boolean;
  #closed: PromiseWithResolvers<void> | undefined;

  /** @param mayWrite asked at each pass: the lease may have run out before anything closed the gate (SIGCONT) */
  constructor(mayWrite: () => boolean = () => true) {
    this.#mayWrite = mayWrite;
  }

  close(): void {
    this.#closed ??= Promise.withResolvers<void>();
  }

  open(): void {
    this.#closed?.resolve();
    this.#closed = undefined;
  }

  /** Resolves when it is open. */
  async pass(): Promise<void> {
    if (!this.#mayWrite()) this.close();
    while (this.#closed) await this.#closed.promise;
  }
}
