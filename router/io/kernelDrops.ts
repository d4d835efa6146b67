import { readFileSync } from 'node:fs';

/** The kernel's table has a line for each UDP socket of the host; metrics ask for each value by itself. */
const FRESH_MS = 1_000;

/** Packets that the kernel dropped because a UDP port's buffer was full (proc(5), /proc/net/udp). */
export class KernelDrops {
  readonly #end: string;
  #count = 0;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(port: number) {
    this.#end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  }

  /** A second old at most; 0 where it is not known. */
  get count(): number {
    const now = performance.now();
    if (now - this.#readAt < FRESH_MS) return this.#count;
    this.#readAt = now;
    this.#count = this.#read();
    return this.#count;
  }

  #read(): number {
    const lines = ['udp', 'udp6'].flatMap(tableOf).map(line => line.trim().split(/\s+/));
    return lines.reduce((sum, line) => sum + (line[1]?.endsWith(this.#end) ? Number(line.at(-1)) || 0 : 0), 0);
  }
}

/** Not there: another system, or one without IPv6. */
function tableOf(name: string): string[] {
  try {
    return readFileSync(`/proc/self/net/${name}`, 'utf8').split('\n');
  } catch {
    return [];
  }
}
