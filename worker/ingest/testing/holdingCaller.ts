import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./holdingCallerProcess.ts', import.meta.url));

/** A libsrt caller in a process of its own, which sends packets until its connection breaks. */
export class HoldingCaller {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<[string]>;

  constructor() {
    this.#process = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = on(createInterface({ input: this.#process.stdout }), 'line') as AsyncIterator<[string]>;
  }

  /** Calls 127.0.0.1. Resolves to the reject code, 0 when it was let in; `broken` then to when (ms since 1970) it was cut off. */
  async call(port: number, streamId: string, passphrase = ''): Promise<{ code: number; broken: Promise<number> }> {
    this.#process.stdin.write(`${JSON.stringify({ port, streamId, passphrase })}\n`);
    const { code } = (await this.#read()) as { code: number };
    return { code, broken: this.#read().then(line => (line as { brokenAt: number }).brokenAt) };
  }

  async stop(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  async #read(): Promise<unknown> {
    const { value } = await this.#lines.next();
    return JSON.parse(value[0]);
  }
}
