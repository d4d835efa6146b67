import { randomInt } from 'node:crypto';
import type { Peer } from '../io/packetIo.ts';
import { controlType, controlTypes, isControl } from '../packet/packet.ts';
import { type CallerTrace, followsOn } from './followsOn.ts';

/** A caller that sends media is not silent for so long at one address, unless it has gone from there. */
const SILENT_MS = 100;
/** A challenge is repeated: UDP loses packets. */
const AGAIN_MS = 50;
/** An address that has not answered by then has to begin again. */
const CANDIDATE_MS = 1_000;
const MOST_CANDIDATES = 4;
/** Of all addresses together: 160 ms at 8 Mb/s. What is more is lost, and sent again by the caller. */
const MOST_HELD = 128;
/** A caller may still answer acknowledgements that it got at its former address. */
const WRONG_ANSWERS = 8;
/** Acknowledgement numbers are positive. */
const NUMBERS = 2 ** 31;

interface Candidate {
  peer: Peer;
  number: number;
  since: number;
  challengedAt: number;
  wrong: number;
  /** Its packets, for the flow when it has answered. */
  held: Buffer[];
}

/**
 * Whether the caller of a flow goes on from another address, as behind NAT that has forgotten it, or on another network. What
 * counts is that the address (1) goes on with the caller's packets where they end, (2) while the caller's own address is silent,
 * and (3) gets what is sent to it: it answers an acknowledgement with a random number (ACKACK). Nothing that it sends reaches
 * the worker before that.
 */
export class Rebinding {
  readonly #trace: () => CallerTrace | undefined;
  readonly #send: (packet: Buffer, peer: Peer) => void;
  #candidates: Candidate[] = [];

  /** @param trace of the flow's caller; undefined while there is none */
  constructor(trace: () => CallerTrace | undefined, send: (packet: Buffer, peer: Peer) => void) {
    this.#trace = trace;
    this.#send = send;
  }

  /**
   * A packet with the flow's id from an address that is not its caller's.
   * @returns when the caller has moved there: its packets since, in the order that they came
   */
  offer(packet: Buffer, peer: Peer, now: number): Buffer[] | undefined {
    this.#candidates = this.#candidates.filter(({ since }) => now - since <= CANDIDATE_MS);
    const candidate = this.#candidates.find(({ peer: its }) => its.port === peer.port && its.address === peer.address);
    if (isControl(packet)) return candidate && this.#judge(packet, candidate, now);
    const trace = this.#trace();
    if (!trace || !followsOn(packet, trace, now)) return undefined;
    const hopeful = candidate ?? this.#add(peer, now);
    if (!hopeful || hopeful.wrong > WRONG_ANSWERS) return undefined;
    if (this.#heldCount() < MOST_HELD) hopeful.held.push(packet);
    if (now - trace.heardAt > SILENT_MS && now - hopeful.challengedAt >= AGAIN_MS) {
      hopeful.challengedAt = now;
      this.#send(challenge(trace.acknowledgement, hopeful.number), peer);
    }
    return undefined;
  }

  #judge(packet: Buffer, candidate: Candidate, now: number): Buffer[] | undefined {
    const wasAsked = candidate.challengedAt !== Number.NEGATIVE_INFINITY && candidate.wrong <= WRONG_ANSWERS;
    if (controlType(packet) !== controlTypes.ACKACK || !wasAsked) return undefined;
    const trace = this.#trace();
    if (packet.readUInt32BE(4) === candidate.number && trace && now - trace.heardAt > SILENT_MS) {
      this.#candidates = [];
      return candidate.held;
    }
    candidate.wrong += 1;
    if (candidate.wrong > WRONG_ANSWERS) candidate.held = [];
    return undefined;
  }

  #add(peer: Peer, now: number): Candidate | undefined {
    if (this.#candidates.length >= MOST_CANDIDATES) return undefined;
    const number = randomInt(1, NUMBERS);
    const added = { peer, number, since: now, challengedAt: Number.NEGATIVE_INFINITY, wrong: 0, held: [] };
    this.#candidates.push(added);
    return added;
  }

  #heldCount(): number {
    return this.#candidates.reduce((sum, { held }) => sum + held.length, 0);
  }
}

/** The worker's last acknowledgement, which changes nothing for the caller, under a number that only its receiver knows. */
function challenge(acknowledgement: Buffer, number: number): Buffer {
  const packet = Buffer.from(acknowledgement);
  packet.writeInt32BE(number, 4);
  return packet;
}
