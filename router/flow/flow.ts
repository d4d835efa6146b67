import { movedMark } from '../../common/srt/movedMark.ts';
import type { PublishRequest } from '../../common/srt/readPublishRequest.ts';
import { answerWithId, refusal, streamIdOf, withStreamId } from '../packet/handshake.ts';
import {
  controlType,
  controlTypes,
  isControl,
  KEY_MATERIAL,
  keepAlivePacket,
  shutdownPacket,
} from '../packet/packet.ts';
import { judgeRequest } from '../streams/judgeRequest.ts';
import type { StreamRoute } from '../streams/streamRoute.ts';
import { CallerTrack } from './callerTrack.ts';
import type { DriftEnd, FlowEvents, FlowOptions, Loss, Rejection } from './flowContract.ts';
import type { CallerTrace } from './followsOn.ts';
import type { PacketRing } from './packetRing.ts';
import { Replay } from './replay.ts';
import { Upstream } from './upstream.ts';

/** libsrt's callers wait 3 s for a handshake's answer: a refusal must come before. */
const HOLD_MS = 2_700;
/** Another caller of the stream, which has gone without a word, is in the worker's way for so long at most. */
const TAKEN_MS = 1_000;
/** A worker acknowledges every 10 ms, from a thread of its own, while packets arrive. */
const SILENCE_MS = 500;
/** A host's lease runs out after 8 s, and its job is taken 2 to 4 s later. */
const ADRIFT_MS = 13_000;
/** A caller sends a keep-alive each second; libsrt gives up after 5 s without a packet. */
const IDLE_MS = 6_000;
const KEEP_ALIVE_MS = 250;
const RETRY_MS = 100;
/** UDP loses packets. */
const GOODBYES = 4;
const TAKEN = 1409;
const EXPIRED = 1401;
const NO_WORKER = { code: 1503, why: 'no worker has the stream yet; the encoder may try again' };
/** A worker says with these that its listener goes, or that somebody is there still. */
const PASSING = [TAKEN, 1503];
/** Reasons of a stream whose worker has ended the connection on purpose. */
const ENDED_BY_WORKER = ['encoder_gone', 'input_invalid', 'key_revoked'];

/**
 * One caller whose key was verified, from its conclusion to its end. Without a worker before the handshake is answered it is
 * held; without one later it is adrift: kept alive, while its packets are kept for the next worker.
 */
export class Flow {
  readonly callerId: number;
  readonly publicId: number;
  readonly request: PublishRequest;
  readonly #connect: FlowOptions['connect'];
  readonly #conclusion: Buffer;
  readonly #ring: PacketRing;
  readonly #events: FlowEvents;
  readonly #replay: Replay;
  readonly #caller: CallerTrack;
  readonly #beganAt = performance.now();
  #route: StreamRoute | undefined;
  /** The worker that has it. */
  #upstream: { to: Upstream; token: string } | undefined;
  /** The worker that is asked to take it. */
  #next: { to: Upstream; token: string } | undefined;
  #retryAt = 0;
  #takenSince: number | undefined;
  /** What the caller was answered. */
  #answer: Buffer | undefined;
  #adrift: { since: number; loss: Loss } | undefined;
  #over = false;
  /** The first packet of the caller to which the worker has sent nothing since. */
  #unansweredSince: number | undefined;
  #keptAliveAt = Number.NEGATIVE_INFINITY;
  #keyMaterial: Buffer | undefined;

  constructor(options: FlowOptions) {
    this.callerId = options.callerId;
    this.publicId = options.publicId;
    this.request = options.request;
    this.#connect = options.connect;
    this.#conclusion = options.conclusion;
    this.#ring = options.ring;
    this.#events = options.events;
    this.#replay = new Replay(options.ring, packet => this.#upstream?.to.send(packet));
    this.#caller = new CallerTrack(options.conclusion, this.#beganAt);
  }

  /** The caller has its answer. */
  get isConnected(): boolean {
    return this.#answer !== undefined && !this.#over;
  }

  get isAdrift(): boolean {
    return this.#adrift !== undefined && !this.#over;
  }

  /** What its caller has shown of itself; undefined before its first packets were acknowledged. */
  get trace(): CallerTrace | undefined {
    return this.#caller.trace;
  }

  /** What is known of the stream now. @param route null: there is no such stream; undefined: not known yet */
  follow(route: StreamRoute | null | undefined): void {
    if (this.#over || route === undefined) return;
    const refused = judgeRequest(this.request, route, Date.now());
    // A caller that is connected stays so, whatever becomes of its key.
    if (refused && !(this.isConnected && refused.code === EXPIRED)) this.refuse(refused);
    this.#route = route ?? undefined;
    this.#ring.keep(route?.ringMs);
    const left = this.#adrift?.loss === 'left' && route?.token === this.#upstream?.token;
    if (left && ENDED_BY_WORKER.includes(route?.reason ?? '')) this.end();
    this.#seek(performance.now());
  }

  /** The caller repeats its conclusion: the answer to it was lost, or there is none yet. */
  onConclusion(): void {
    this.#caller.isThere(performance.now());
    if (this.#answer) this.#events.send(this.#answer);
  }

  /** A packet of the caller. It is written to, and kept. */
  onCallerPacket(packet: Buffer): void {
    const now = performance.now();
    this.#caller.hear(packet, now);
    if (isControl(packet)) this.#onCallerControl(packet);
    else this.#onMedia(packet, now);
  }

  tick(now: number): void {
    if (this.#over) return;
    this.#next?.to.tick(now);
    if (!this.#answer && now - this.#beganAt > HOLD_MS) this.refuse(NO_WORKER);
    if (now - this.#caller.heardAt > IDLE_MS) this.end();
    if (this.#over) return;
    if (this.#adrift) this.#keepAfloat(now, this.#adrift);
    else if (this.#unansweredSince !== undefined && now - this.#unansweredSince > SILENCE_MS) this.#lose('silent');
    this.#seek(now);
  }

  /** The caller's handshake is answered with a reason; one that is connected is told that it is over. */
  refuse(reason: Rejection): void {
    if (this.#over) return;
    if (this.isConnected) this.end();
    else {
      this.#events.send(refusal(this.#conclusion, reason.code));
      this.#events.onRefused(reason);
      this.#finish();
    }
  }

  /** Ends the connection on both sides. May be called twice. */
  end(): void {
    if (this.#over) return;
    if (this.isConnected) for (let i = 0; i < GOODBYES; i += 1) this.#events.send(shutdownPacket(this.callerId));
    this.#finish('shut_down');
  }

  #finish(outcome: DriftEnd = 'caller_gone'): void {
    this.#endDrift(outcome);
    this.#over = true;
    this.#next?.to.close(true);
    this.#upstream?.to.close(true);
    this.#replay.stop();
    this.#ring.clear();
    this.#events.onOver();
  }

  #onCallerControl(packet: Buffer): void {
    const type = controlType(packet);
    if (type === controlTypes.USER && packet.readUInt16BE(2) === KEY_MATERIAL) this.#keyMaterial = Buffer.from(packet);
    if (type === controlTypes.SHUTDOWN) this.#finish();
    else this.#upstream?.to.send(packet);
  }

  #onMedia(packet: Buffer, now: number): void {
    this.#ring.add(packet);
    this.#caller.hearMedia(packet);
    this.#unansweredSince ??= now;
    // A silent worker gets what it would have got: it may be there again.
    if (!this.#replay.covers(packet)) this.#upstream?.to.send(packet);
  }

  #keepAfloat(now: number, { since }: { since: number }): void {
    if (now - since > ADRIFT_MS) this.end();
    if (this.#over || now - this.#keptAliveAt < KEEP_ALIVE_MS) return;
    this.#keptAliveAt = now;
    this.#events.send(keepAlivePacket(this.callerId));
  }

  /** Asks the worker that the route leads to, unless it has the flow, or is asked already. */
  #seek(now: number): void {
    const { token, target } = this.#route ?? {};
    if (this.#over || token === undefined || !target || now < this.#retryAt || this.#next?.token === token) return;
    const has = this.#upstream?.token === token;
    if (has && this.#adrift?.loss !== 'left') return;
    this.#next?.to.close(true);
    const to: Upstream = new Upstream({
      connect: this.#connect,
      target,
      conclusion: this.#answer ? markedAsMoved(this.#conclusion) : this.#conclusion,
      beginning: () => this.#beginning(),
      events: {
        onOpen: answer => this.#onOpen(to, token, answer),
        onRefusal: code => this.#onRefusal(to, code),
        onPacket: packet => this.#onWorkerPacket(to, packet),
        onUnreachable: () => this.#onUnreachable(to),
      },
    });
    this.#next = { to, token };
  }

  /** A caller that is connected goes on at the new worker where its packets begin here. */
  #beginning(): { sequence: number; timestamp: number } | undefined {
    const sequence = this.#ring.first ?? this.#caller.acknowledged;
    if (!this.#answer || sequence === undefined) return undefined;
    this.#ring.held = true;
    return { sequence, timestamp: this.#caller.clockAt(performance.now()) };
  }

  #onOpen(to: Upstream, token: string, answer: Buffer): void {
    const first = this.#answer === undefined;
    this.#upstream?.to.close(true);
    this.#upstream = { to, token };
    this.#next = undefined;
    this.#takenSince = undefined;
    this.#unansweredSince = undefined;
    this.#answer = answerWithId(answer, this.publicId);
    if (first) this.#events.send(this.#answer);
    else {
      if (this.#keyMaterial) to.send(this.#keyMaterial);
      this.#replay.start();
      this.#endDrift('migrated');
    }
  }

  #onRefusal(to: Upstream, code: number): void {
    if (this.#next?.to !== to) return;
    this.#dropNext();
    this.#events.onStale();
    const now = performance.now();
    if (code === TAKEN) this.#takenSince ??= now;
    const patient = code !== TAKEN || this.isConnected || now - (this.#takenSince ?? now) < TAKEN_MS;
    if (!PASSING.includes(code) || !patient) this.refuse({ code, why: 'the worker refused the caller' });
  }

  #onUnreachable(to: Upstream): void {
    if (this.#next?.to === to) {
      this.#dropNext();
      this.#events.onStale();
    } else if (this.#upstream?.to === to) {
      this.#upstream.to.close(false);
      if (this.#adrift?.loss !== 'left') this.#lose('refused');
    }
  }

  #dropNext(): void {
    this.#next?.to.close(false);
    this.#next = undefined;
    this.#retryAt = performance.now() + RETRY_MS;
  }

  #onWorkerPacket(to: Upstream, packet: Buffer): void {
    if (this.#upstream?.to !== to || !isControl(packet)) return;
    this.#unansweredSince = undefined;
    const type = controlType(packet);
    // Whether the stream goes on is in its record, soon: the caller hears of it only then.
    if (type === controlTypes.SHUTDOWN) this.#lose('left');
    if (type === controlTypes.SHUTDOWN || type === controlTypes.HANDSHAKE) return;
    if (this.#adrift?.loss === 'silent') this.#endDrift('returned');
    if (type === controlTypes.ACK) this.#caller.hearAck(packet);
    this.#events.send(packet);
  }

  #lose(loss: Loss): void {
    if (this.#adrift?.loss === loss) return;
    this.#adrift = { since: this.#adrift?.since ?? performance.now(), loss };
    this.#ring.held = true;
    this.#replay.stop();
    if (loss === 'left') this.#upstream?.to.close(false);
    this.#events.onLost(loss, this.#upstream?.token ?? '');
    this.#events.onStale();
  }

  #endDrift(outcome: DriftEnd): void {
    if (!this.#adrift) return;
    this.#events.onFound(outcome, performance.now() - this.#adrift.since);
    this.#adrift = undefined;
    if (outcome === 'returned') this.#ring.held = false;
  }
}

const markedAsMoved = (conclusion: Buffer): Buffer => withStreamId(conclusion, movedMark.add(streamIdOf(conclusion)));
