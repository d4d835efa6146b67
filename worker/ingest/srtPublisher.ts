import { Readable } from 'node:stream';
import { movedMark } from '../../common/srt/movedMark.ts';
import type { Libsrt } from './libsrt.ts';
import { type SrtStats, SrtStatsReader } from './srtStats.ts';

/** More than SRT's largest message (1456 bytes). */
const SLOT_BYTES = 1_500;
/** 85 Mb/s: what a router sends again to a connection's next worker comes as fast as it can. */
const MESSAGES_PER_TURN = 160;
/** Messages are read into blocks of this size, one second of 2 Mb/s: a buffer for each turn costs more than what is in it. */
const BLOCK_BYTES = 256 * 1024;
const BUFFER_BYTES = 4 * 1024 * 1024;
const SAMPLE_MS = 250;
/** Without a packet for this long, plus the latency, a publisher does not keep another one out. */
const LIVE_MS = 2_000;
/** The same for one with the same stream id: its encoder, or the router in between, calls again. */
const SAME_CALLER_MS = 400;
/** libsrt hands out what it still holds of a broken connection when its time has come: the latency, and some margin. */
const DRAIN_MARGIN_MS = 500;
const DRAIN_LIMIT_MS = 10_000;
const SRTS_CONNECTED = 5;

export interface PublisherEnd {
  /**
   * `caller_closed`: the encoder ended the connection. `silent`: nothing came any more (vanished, or sends nothing).
   * `replaced`: it was silent and another one took its place. `closed`: this side closed it.
   */
  reason: 'caller_closed' | 'replaced' | 'silent' | 'closed';
  /** Bytes handed out through `media`. */
  bytes: number;
  connectedMs: number;
}

/** One encoder that got in, from accept to its end. */
export class SrtPublisher {
  /** `ip:port` */
  readonly peer: string;
  /** What the caller sent as stream id. Holds the stream key: never to be logged. */
  readonly streamId: string;
  /** ms since 1970 */
  readonly connectedAt = Date.now();
  /**
   * Buffers of whole SRT messages. While it is full (4 MB) the socket is not read and libsrt's own buffer (8192 packets)
   * holds what comes. Ends in every case. Destroying it closes the publisher.
   */
  readonly media: Readable;
  readonly ended: Promise<PublisherEnd>;
  readonly #libsrt: Libsrt;
  readonly #socket: number;
  readonly #silenceMs: number;
  readonly #latencyMs: number;
  /** What it has not filled yet takes the next messages; the rest was handed out. */
  #block = Buffer.alloc(0);
  readonly #release: () => void;
  readonly #resolveEnded: (end: PublisherEnd) => void;
  readonly #stats: SrtStatsReader;
  #lastStats: SrtStats;
  #sampledAt: number;
  #arrivedAt: number;
  #readAt: number;
  #brokenAt: number | undefined;
  #brokenReason: PublisherEnd['reason'] = 'caller_closed';
  #full = false;
  #over = false;
  #bytes = 0;

  /** @param options.release gives the socket back; called once */
  constructor(options: {
    libsrt: Libsrt;
    socket: number;
    peer: string;
    streamId: string;
    latencyMs: number;
    silenceMs: number;
    release: () => void;
  }) {
    const now = performance.now();
    const { promise, resolve } = Promise.withResolvers<PublisherEnd>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.peer = options.peer;
    this.streamId = options.streamId;
    this.#libsrt = options.libsrt;
    this.#socket = options.socket;
    this.#latencyMs = options.latencyMs;
    this.#silenceMs = options.silenceMs;
    this.#release = options.release;
    this.#sampledAt = now;
    this.#arrivedAt = now;
    this.#readAt = now;
    this.#stats = new SrtStatsReader(options.libsrt, options.socket, now);
    this.#lastStats = this.#stats.read(now);
    this.media = new Readable({
      highWaterMark: BUFFER_BYTES,
      read: () => {
        this.#full = false;
      },
    });
    this.media.once('close', () => this.close());
  }

  /** The connection's statistics; after its end the last ones. */
  stats(): SrtStats {
    this.#sample(performance.now());
    return this.#lastStats;
  }

  /** Ends the connection now. `media` ends after what it holds already. */
  close(): void {
    this.end('closed');
  }

  /** Whether it keeps another publisher out. For the host. @param streamId the other one's @param now ms, monotonic */
  keepsOut(streamId: string, now: number): boolean {
    const isSame = streamId !== '' && movedMark.strip(streamId) === movedMark.strip(this.streamId);
    return this.#isConnected() && this.#silentFor(now) <= (isSame ? SAME_CALLER_MS : LIVE_MS + this.#latencyMs);
  }

  /** The host's epoll has something for this socket. @param broken it reported an error, too */
  onReady(broken: boolean, now: number): void {
    if (broken) this.#markBroken(now);
    else this.#pull(now);
  }

  /** Looks at the clocks, once a turn of the host. */
  tick(now: number): void {
    if (this.#brokenAt !== undefined) {
      this.#pull(now);
      if (this.#isDrained(now - this.#brokenAt, now)) this.end(this.#brokenReason);
      return;
    }
    if (this.#over || now - this.#sampledAt < SAMPLE_MS) return;
    // A connection that broke before it was in the epoll is never reported there.
    if (!this.#isConnected()) this.#markBroken(now);
    else if (this.#silentFor(now) > this.#silenceMs) this.end('silent');
  }

  /** Another publisher takes its place: a silent one is ended; one whose caller has gone still hands out what is left. */
  giveWay(): void {
    if (this.#isConnected()) this.end('replaced');
  }

  /** For SrtServer; all others call close(). The first reason stays. */
  end(reason: PublisherEnd['reason']): void {
    if (this.#over) return;
    this.#sample(performance.now());
    this.#over = true;
    this.#release();
    this.media.push(null);
    this.#resolveEnded({ reason, bytes: this.#bytes, connectedMs: Date.now() - this.connectedAt });
  }

  #markBroken(now: number): void {
    if (this.#over || this.#brokenAt !== undefined) return;
    this.#brokenReason = this.#silentFor(now) > LIVE_MS + this.#latencyMs ? 'silent' : 'caller_closed';
    this.#brokenAt = now;
  }

  #pull(now: number): void {
    if (this.#over || this.#full) return;
    if (this.#block.length < SLOT_BYTES) this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    const block = this.#block;
    let length = 0;
    // At a block's end less than a turn's messages: epoll reports the rest again.
    for (let left = MESSAGES_PER_TURN; left > 0 && length + SLOT_BYTES <= block.length; left -= 1) {
      const got = this.#libsrt.srt_recvmsg(this.#socket, block.subarray(length), SLOT_BYTES);
      if (got <= 0) break;
      length += got;
    }
    if (length === 0) return;
    this.#readAt = now;
    this.#bytes += length;
    this.#block = block.subarray(length);
    this.#full = !this.media.push(block.subarray(0, length));
  }

  /** Asks libsrt too: a caller that left a moment ago may be back before the next turn has noticed. */
  #isConnected(): boolean {
    if (this.#over || this.#brokenAt !== undefined) return false;
    return this.#libsrt.srt_getsockstate(this.#socket) === SRTS_CONNECTED;
  }

  #isDrained(brokenFor: number, now: number): boolean {
    if (brokenFor > DRAIN_LIMIT_MS + this.#latencyMs) return true;
    // Of one that fell silent before it broke, everything has come out already.
    const holdsBack = this.#brokenReason === 'silent' ? 0 : this.#latencyMs + DRAIN_MARGIN_MS;
    return brokenFor >= holdsBack && !this.#full && now - this.#readAt > 50;
  }

  /** By what arrives, not by what is read: reading pauses while `media` is full or the event loop is busy. */
  #silentFor(now: number): number {
    this.#sample(now);
    return now - this.#arrivedAt;
  }

  #sample(now: number): void {
    if (this.#over) return;
    const before = this.#lastStats.pktRecvTotal;
    this.#lastStats = this.#stats.read(now);
    this.#sampledAt = now;
    if (this.#lastStats.pktRecvTotal !== before) this.#arrivedAt = now;
  }
}
