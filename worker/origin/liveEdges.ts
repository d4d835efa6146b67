import type { LiveEdge } from './liveEdge.ts';

/** How long a stream that has ended is still shown, ms: viewers fetch its last parts. */
const FORGET_MS = 60_000;
/** How long the parts of one that goes on with another owner can be had: an API fetches what the last playlist has listed. */
const LEFT_MS = 5_000;

/** The live edges of this worker's streams with low latency, by stream id. */
export class LiveEdges {
  readonly #edges = new Map<string, LiveEdge>();
  readonly #timers = new Map<LiveEdge, NodeJS.Timeout>();
  readonly #forgetMs: number;

  constructor(forgetMs = FORGET_MS) {
    this.#forgetMs = forgetMs;
  }

  /** Undefined: this worker does not own such a stream. */
  get(streamId: string): LiveEdge | undefined {
    return this.#edges.get(streamId);
  }

  /**
   * Shows a stream, in place of a former run. One that has ended, or that goes on with another owner, is forgotten in a while.
   */
  open(streamId: string, edge: LiveEdge): void {
    const former = this.#edges.get(streamId);
    if (former !== undefined) this.#forget(streamId, former);
    this.#edges.set(streamId, edge);
    edge.over.addEventListener('abort', () => this.#forgetLater(streamId, edge, LEFT_MS), { once: true });
    edge.ending.addEventListener('abort', () => this.#forgetLater(streamId, edge, this.#forgetMs), { once: true });
  }

  /** Forgets all. */
  stop(): void {
    for (const [streamId, edge] of this.#edges) this.#forget(streamId, edge);
  }

  #forgetLater(streamId: string, edge: LiveEdge, ms: number): void {
    if (this.#edges.get(streamId) !== edge) return;
    clearTimeout(this.#timers.get(edge));
    this.#timers.set(
      edge,
      setTimeout(() => this.#forget(streamId, edge), ms),
    );
  }

  #forget(streamId: string, edge: LiveEdge): void {
    clearTimeout(this.#timers.get(edge));
    this.#timers.delete(edge);
    if (this.#edges.get(streamId) === edge) this.#edges.delete(streamId);
    edge.leave();
  }
}
