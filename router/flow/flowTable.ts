import type { Flow } from './flow.ts';

/** A caller's address, as dgram gives it. */
export interface Peer {
  address: string;
  port: number;
}

/** So many callers at a time: of one address (a studio behind one NAT), of one stream, and altogether. */
export const flowLimits = { address: 256, stream: 4, total: 4_000 };

/** All flows: by the id that their callers send to, by stream, and counted by address. */
export class FlowTable {
  readonly #byId = new Map<number, { flow: Flow; peer: Peer }[]>();
  readonly #byStream = new Map<string, Set<Flow>>();
  readonly #addresses = new Map<string, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(publicId: number, peer: Peer): Flow | undefined {
    const flows = this.#byId.get(publicId);
    if (!flows) return undefined;
    for (const { flow, peer: its } of flows) if (its.port === peer.port && its.address === peer.address) return flow;
    return undefined;
  }

  ofStream(streamId: string): Iterable<Flow> {
    return this.#byStream.get(streamId) ?? [];
  }

  *all(): Generator<Flow> {
    for (const flows of this.#byStream.values()) yield* flows;
  }

  /** Which limit one more flow would break. */
  limitBrokenBy(streamId: string, peer: Peer): keyof typeof flowLimits | undefined {
    if (this.#size >= flowLimits.total) return 'total';
    if ((this.#addresses.get(peer.address) ?? 0) >= flowLimits.address) return 'address';
    return (this.#byStream.get(streamId)?.size ?? 0) >= flowLimits.stream ? 'stream' : undefined;
  }

  add(flow: Flow, peer: Peer): void {
    this.#size += 1;
    this.#addresses.set(peer.address, (this.#addresses.get(peer.address) ?? 0) + 1);
    this.#byId.set(flow.publicId, [...(this.#byId.get(flow.publicId) ?? []), { flow, peer }]);
    const { streamId } = flow.request;
    this.#byStream.set(streamId, (this.#byStream.get(streamId) ?? new Set()).add(flow));
  }

  remove(flow: Flow, peer: Peer): void {
    this.#size -= 1;
    const left = (this.#addresses.get(peer.address) ?? 1) - 1;
    if (left === 0) this.#addresses.delete(peer.address);
    else this.#addresses.set(peer.address, left);
    const others = (this.#byId.get(flow.publicId) ?? []).filter(entry => entry.flow !== flow);
    if (others.length === 0) this.#byId.delete(flow.publicId);
    else this.#byId.set(flow.publicId, others);
    const { streamId } = flow.request;
    const flows = this.#byStream.get(streamId);
    flows?.delete(flow);
    if (flows?.size === 0) this.#byStream.delete(streamId);
  }
}
