import type { PublishRequest } from '../../common/srt/readPublishRequest.ts';
import type { PacketIo } from '../io/packetIo.ts';
import type { PacketRing } from './packetRing.ts';

/** A caller gets no connection: the router's reason, or a worker's or libsrt's own. */
export interface Rejection {
  code: number;
  why: string;
}

/** How a flow came to have no worker: its port is refused, it is silent, or it has ended the connection. */
export type Loss = 'refused' | 'silent' | 'left';
/** How that ended. `returned`: the silent worker speaks again. */
export type DriftEnd = 'migrated' | 'returned' | 'shut_down' | 'caller_gone';

export interface FlowEvents {
  /** Sends to the caller. */
  send(packet: Buffer): void;
  onRefused(rejection: Rejection): void;
  /** Its worker is gone. @param token the worker's fencing token */
  onLost(loss: Loss, token: string): void;
  /** @param adriftMs for how long it had no worker */
  onFound(end: DriftEnd, adriftMs: number): void;
  /** The stream's record should be read again. */
  onStale(): void;
  onOver(): void;
}

export interface FlowOptions {
  /** The caller's socket id, and the one that it gets for ours. */
  callerId: number;
  publicId: number;
  request: PublishRequest;
  /** Opens its way to a worker. */
  connect: PacketIo['connect'];
  conclusion: Buffer;
  ring: PacketRing;
  events: FlowEvents;
}
