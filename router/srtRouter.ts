import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Logger } from '../common/createLogger.ts';
import { type Refusal, refuse } from '../common/srt/admission.ts';
import { readPublishRequest } from '../common/srt/readPublishRequest.ts';
import { RefusalLog } from '../common/srt/refusalLog.ts';
import { RefusalCap } from './admit/refusalCap.ts';
import { RouterSecrets } from './admit/routerSecrets.ts';
import { Counters } from './counters.ts';
import { Flow } from './flow/flow.ts';
import type { FlowEvents, Loss, Rejection } from './flow/flowContract.ts';
import { type FlowEntry, FlowTable } from './flow/flowTable.ts';
import { PacketRing, RingBudget } from './flow/packetRing.ts';
import { Rebinding } from './flow/rebinding.ts';
import type { PacketIo, Peer } from './io/packetIo.ts';
import { type Handshake, inductionAnswer, parseHandshake, refusal, streamIdOf } from './packet/handshake.ts';
import { controlType, controlTypes, destinationOf, HEADER_BYTES, isControl, shutdownPacket } from './packet/packet.ts';
import type { StreamRoute } from './streams/streamRoute.ts';

const TICK_MS = 50;
/** Orphaned connections end within a few packets; more answers than that are for a flood. */
const ORPHANS_A_SECOND = 2_000;

const TOO_OLD = refuse(1400, 'the caller speaks an SRT version without stream ids');
const FULL = {
  address: refuse(1429, 'too many connections from this address'),
  stream: refuse(1409, 'other encoders are publishing to this stream'),
  total: refuse(1503, 'this router has as many connections as it can carry'),
};
const STOPPING = refuse(1503, 'this router is stopping');

/** What the router asks about streams. */
export interface StreamDirectoryView {
  get(streamId: string): StreamRoute | null | undefined;
  refresh(streamId: string): void;
}

export interface SrtRouterOptions {
  secret: string;
  ringMs: number;
  ringBytes: number;
  io: Pick<PacketIo, 'send' | 'connect'>;
  streams: StreamDirectoryView;
  /** A stream's worker, by its fencing token, is gone without a word. */
  onLost: (stream: { streamId: string; run: string; token: string }, loss: Loss) => void;
  log: Logger;
}

/**
 * Everything that comes to the router's port. Keeps nothing of a caller before its cookie and its stream key are verified;
 * what comes is bounded by the limits of FlowTable and RingBudget.
 */
export class SrtRouter {
  readonly counters = new Counters();
  readonly #options: SrtRouterOptions;
  readonly #secrets: RouterSecrets;
  readonly #key: KeyObject;
  readonly #flows = new FlowTable();
  readonly #budget: RingBudget;
  readonly #refusals: RefusalLog;
  readonly #cap = new RefusalCap();
  readonly #timer: NodeJS.Timeout;
  #orphans = { second: 0, answered: 0 };
  #stopping = false;

  constructor(options: SrtRouterOptions) {
    this.#options = options;
    this.#secrets = new RouterSecrets(options.secret);
    this.#key = createSecretKey(options.secret, 'utf8');
    this.#budget = new RingBudget(options.ringBytes);
    this.#refusals = new RefusalLog(options.log);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  get flows(): number {
    return this.#flows.size;
  }

  /** A packet from the network. It is kept, and written to. */
  receive(packet: Buffer, peer: Peer): void {
    if (packet.length < HEADER_BYTES) return;
    const handshake = parseHandshake(packet);
    if (handshake) this.#onHandshake(packet, handshake, peer);
    else {
      const flow = this.#flows.get(destinationOf(packet), peer);
      if (!flow) this.#onStranger(packet, peer);
      else {
        this.counters.totals.packetsUp += 1;
        this.counters.totals.bytesUp += packet.length;
        flow.onCallerPacket(packet);
      }
    }
  }

  /** A stream's route has changed. */
  follow(streamId: string): void {
    const flows = [...this.#flows.ofStream(streamId)];
    if (flows.length === 0) return;
    const route = this.#options.streams.get(streamId);
    for (const flow of flows) flow.follow(route);
  }

  /** Ends every connection: its caller calls again at once, and another router takes it. May be called twice. */
  stop(): void {
    this.#stopping = true;
    clearInterval(this.#timer);
    for (const flow of [...this.#flows.all()]) flow.refuse(STOPPING);
    this.#refusals.close();
  }

  #onHandshake(packet: Buffer, handshake: Handshake, peer: Peer): void {
    if (handshake.kind === 'induction') {
      this.counters.totals.inductions += 1;
      this.#options.io.send(inductionAnswer(packet, this.#secrets.cookie(peer, Date.now())), peer);
    }
    if (handshake.kind !== 'conclusion' || handshake.socketId === 0) return;
    if (!this.#secrets.isOurCookie(handshake.cookie, peer, Date.now())) return;
    const publicId = this.#secrets.publicId(handshake.socketId);
    const known = this.#flows.get(publicId, peer);
    known?.onConclusion();
    if (known) return;
    const now = performance.now();
    if (this.#cap.isReached(peer.address, now)) {
      this.counters.totals.unanswered += 1;
      return;
    }
    const refused = this.#begin(packet, handshake, publicId, peer);
    if (!refused) return;
    this.#cap.add(peer.address, now);
    this.#options.io.send(refusal(packet, refused.code), peer);
    this.#onRefused(refused, peer);
  }

  #begin(packet: Buffer, { version, socketId }: Handshake, publicId: number, peer: Peer): Refusal | undefined {
    if (this.#stopping) return STOPPING;
    if (version !== 5) return TOO_OLD;
    const request = readPublishRequest(streamIdOf(packet), this.#key);
    if (!request.accept) return request;
    const broken = this.#flows.limitBrokenBy(request.streamId, peer);
    if (broken) return FULL[broken];
    const flow: Flow = new Flow({
      callerId: socketId,
      publicId,
      request,
      connect: (place, events) => this.#options.io.connect(place, events),
      // It is kept for the whole connection; its own buffer may be part of a large one.
      conclusion: Buffer.from(packet),
      ring: new PacketRing(this.#options.ringMs, this.#budget),
      events: this.#flowEvents(() => entry),
    });
    const entry: FlowEntry = this.#flows.add(flow, peer);
    flow.follow(this.#options.streams.get(request.streamId));
    return undefined;
  }

  /** @param entry asked when something happens, which is after the flow was added */
  #flowEvents(entry: () => FlowEntry): FlowEvents {
    const { streams, onLost, log, io } = this.#options;
    const { counters } = this;
    const ids = () => {
      const { streamId, run } = entry().flow.request;
      return { streamId, run };
    };
    return {
      send: packet => {
        counters.totals.packetsDown += 1;
        counters.totals.bytesDown += packet.length;
        io.send(packet, entry().peer);
      },
      onRefused: rejection => this.#onRefused(rejection, entry().peer),
      onLost: (loss, token) => {
        log.warn({ ...ids(), loss }, 'the worker of a connection is gone; its caller is kept alive');
        counters.count('losses', loss);
        if (loss !== 'left') onLost({ ...ids(), token }, loss);
      },
      onFound: (end, adriftMs) => {
        const found = { ...ids(), end, adriftMs: Math.round(adriftMs) };
        log.info(found, 'a connection without a worker came to an end');
        counters.count('drifts', end);
      },
      onStale: () => streams.refresh(ids().streamId),
      onOver: () => this.#flows.remove(entry()),
    };
  }

  /** With the id of a flow, from elsewhere: its caller may have moved. Else another router's connection. */
  #onStranger(packet: Buffer, peer: Peer): void {
    const entries = this.#flows.withId(destinationOf(packet));
    if (entries.length === 0) this.#onOrphan(packet, peer);
    for (const entry of entries) {
      entry.rebinding ??= new Rebinding(
        () => entry.flow.trace,
        (challenge, to) => this.#options.io.send(challenge, to),
      );
      const held = entry.rebinding.offer(packet, peer, performance.now());
      if (!held) continue;
      const { streamId, run } = entry.flow.request;
      this.#options.log.info(
        { streamId, run, from: textOf(entry.peer), to: textOf(peer) },
        'a caller goes on from another address',
      );
      this.counters.totals.rebinds += 1;
      this.#flows.move(entry, peer);
      for (const one of held) entry.flow.onCallerPacket(one);
      return;
    }
  }

  #onRefused({ code, why }: Rejection, peer: Peer): void {
    this.counters.count('refusals', code);
    this.#refusals.add({ code, why, peer: textOf(peer) }, performance.now());
  }

  /** Of a connection that another router had: its caller calls again as soon as it is told. */
  #onOrphan(packet: Buffer, peer: Peer): void {
    const destination = destinationOf(packet);
    if (destination === 0 || (isControl(packet) && controlType(packet) === controlTypes.SHUTDOWN)) return;
    this.counters.totals.orphans += 1;
    const second = Math.floor(performance.now() / 1_000);
    if (this.#orphans.second !== second) this.#orphans = { second, answered: 0 };
    if (this.#orphans.answered >= ORPHANS_A_SECOND) return;
    this.#orphans.answered += 1;
    this.#options.io.send(shutdownPacket(this.#secrets.callerId(destination)), peer);
  }

  #tick(): void {
    const now = performance.now();
    for (const flow of [...this.#flows.all()]) flow.tick(now);
    this.#refusals.flush(now);
  }
}

const textOf = ({ address, port }: Peer): string => `${address.includes(':') ? `[${address}]` : address}:${port}`;
