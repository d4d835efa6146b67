/** Lets uploads begin, or holds them back while it is not sure whose the stream is. */
export class UploadGate {
  #closed: PromiseWithResolvers<void> | undefined;

  close(): void {
    this.#closed ??= Promise.withResolvers<void>();
  }

  open(): void {
    this.#closed?.resolve();
    this.#closed = undefined;
  }

  /** Resolves when it is open. */
  async pass(): Promise<void> {
    while (this.#closed) await this.#closed.promise;
  }
}
