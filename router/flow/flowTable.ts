import { addressGroup } from '../../common/net/addressGroup.ts';
import type { Peer } from '../io/packetIo.ts';
import type { Flow } from './flow.ts';
import type { Rebinding } from './rebinding.ts';

/** So many callers at a time: of one address (a studio behind one NAT), of one stream, and altogether. */
export const flowLimits = { address: 256, stream: 4, total: 4_000 };

/** A flow, and where its caller is. */
export interface FlowEntry {
  readonly flow: Flow;
  peer: Peer;
  /** Made when something with the flow's id comes from elsewhere. */
  rebinding: Rebinding | undefined;
}

/** All flows: by the id that their callers send to, by stream, and counted by address. */
export class FlowTable {
  readonly #byId = new Map<number, FlowEntry[]>();
  readonly #byStream = new Map<string, Set<Flow>>();
  readonly #addresses = new Map<string, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(publicId: number, peer: Peer): Flow | undefined {
    const entries = this.#byId.get(publicId);
    if (!entries) return undefined;
    for (const { flow, peer: its } of entries) if (its.port === peer.port && its.address === peer.address) return flow;
    return undefined;
  }

  /** Flows with the id, wherever their callers are. */
  withId(publicId: number): readonly FlowEntry[] {
    return this.#byId.get(publicId) ?? [];
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
    if ((this.#addresses.get(addressGroup(peer.address)) ?? 0) >= flowLimits.address) return 'address';
    return (this.#byStream.get(streamId)?.size ?? 0) >= flowLimits.stream ? 'stream' : undefined;
  }

  add(flow: Flow, peer: Peer): FlowEntry {
    const entry = { flow, peer, rebinding: undefined };
    this.#size += 1;
    this.#count(peer, 1);
    this.#byId.set(flow.publicId, [...this.withId(flow.publicId), entry]);
    const { streamId } = flow.request;
    this.#byStream.set(streamId, (this.#byStream.get(streamId) ?? new Set()).add(flow));
    return entry;
  }

  /** Its caller goes on from there. */
  move(entry: FlowEntry, peer: Peer): void {
    this.#count(entry.peer, -1);
    this.#count(peer, 1);
    entry.peer = peer;
  }

  remove(entry: FlowEntry): void {
    const { flow, peer } = entry;
    this.#size -= 1;
    this.#count(peer, -1);
    const others = this.withId(flow.publicId).filter(other => other !== entry);
    if (others.length === 0) this.#byId.delete(flow.publicId);
    else this.#byId.set(flow.publicId, others);
    const flows = this.#byStream.get(flow.request.streamId);
    flows?.delete(flow);
    if (flows?.size === 0) this.#byStream.delete(flow.request.streamId);
  }

  #count({ address }: Peer, change: 1 | -1): void {
    const group = addressGroup(address);
    const count = (this.#addresses.get(group) ?? 0) + change;
    if (count <= 0) this.#addresses.delete(group);
    else this.#addresses.set(group, count);
  }
}
