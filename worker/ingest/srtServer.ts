import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import { ADDRESS_BYTES, decodeAddress } from '../../common/net/socketAddress.ts';
import { refuse } from '../../common/srt/admission.ts';
import type { Refusals } from '../../common/srt/refusalLog.ts';
import { Handshakes } from './handshakes.ts';
import { type Libsrt, type ListenHook, loadLibsrt } from './libsrt.ts';
import { type Admit, ListenerGate } from './listenerGate.ts';
import { openListenerSocket } from './openListenerSocket.ts';
import { getInt, getStreamId, setText, srtOptions } from './srtOptions.ts';
import { SrtPublisher } from './srtPublisher.ts';
import { yieldPort } from './yieldPort.ts';

export interface ListenOptions {
  port: number;
  /** An IPv4 or IPv6 address of this host; `::` takes IPv4 callers as well. */
  bind: string;
  /** SRT's receive latency (SRTO_RCVLATENCY); a caller that asks for more gets more. */
  latencyMs: number;
  /** A publisher that sends nothing for this long is ended. Default 10 s. */
  silenceMs?: number;
  /**
   * Judges a caller in the handshake, before any connection exists; called synchronously with the stream id that it
   * sent and its `ip:port`. An exception refuses the caller.
   */
  admit: Admit;
  onPublisher(publisher: SrtPublisher): void;
  /** Callers were refused: at most once a second, and not after the listener was closed. Must not throw. */
  onRefused?: (refusals: Refusals) => void;
  log: Logger;
}

export interface SrtListener {
  readonly port: number;
  /**
   * Refuses who still comes, ends its publishers, and resolves when the port can be opened again by this process; or, with
   * `yieldPort`, by another one at once (on Linux; else libsrt holds it for some five seconds).
   */
  close(options?: { yieldPort?: boolean }): Promise<void>;
}

interface Listening {
  options: ListenOptions;
  gate: ListenerGate;
  publishers: Set<SrtPublisher>;
}

/** Sockets are read so often: five messages of 2 Mb/s at a time, and little beside SRT's own latency. */
const TURN_MS = 20;
const LOG_CRITICAL = 2;
const EPOLL_IN = 1;
const EPOLL_ERR = 8;
const EPOLL_ENABLE_EMPTY = 1;
const EPOLL_SIZE = 2_048;
const FAILED = refuse(1500, 'an error in Livetran; see the worker log');
const CLOSED = refuse(1503, 'the listener is closed');

/**
 * All SRT of a worker process: one listen hook, one epoll, and one timer that runs while there is a listener or a publisher.
 * A process must stop() it before it exits: with a listener alive, exiting can hang.
 */
export class SrtServer {
  readonly #libsrt: Libsrt;
  readonly #log: Logger;
  readonly #hook: bigint;
  readonly #epoll: number;
  readonly #listeners = new Map<number, Listening>();
  readonly #closings = new Map<number, Promise<void>>();
  readonly #publishers = new Map<number, SrtPublisher>();
  readonly #handshakes: Handshakes;
  /** By port that was given away: whether libsrt is done with it. */
  readonly #yielded = new Map<number, () => boolean>();
  readonly #events = Buffer.alloc(EPOLL_SIZE * 8);
  readonly #interest = Buffer.alloc(4);
  readonly #lanes: Promise<unknown>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  /** @throws AppError `dependency_missing` without libsrt 1.5 or later */
  static async start(options: { log: Logger; library?: string }): Promise<SrtServer> {
    const libsrt = loadLibsrt(options.library);
    if (libsrt.srt_startup() < 0) throw new AppError('listener_error', 'libsrt could not be started (srt_startup)');
    libsrt.srt_setloglevel(LOG_CRITICAL);
    const epoll = libsrt.srt_epoll_create();
    if (epoll < 0) {
      await libsrt.cleanupOnPool();
      throw new AppError('listener_error', 'libsrt could not make an epoll; check the limit of open files (ulimit -n)');
    }
    libsrt.srt_epoll_set(epoll, EPOLL_ENABLE_EMPTY);
    return new SrtServer(libsrt, epoll, options.log);
  }

  private constructor(libsrt: Libsrt, epoll: number, log: Logger) {
    this.#libsrt = libsrt;
    this.#handshakes = new Handshakes(libsrt);
    this.#epoll = epoll;
    this.#log = log;
    this.#interest.writeInt32LE(EPOLL_IN | EPOLL_ERR);
    this.#hook = libsrt.registerHook((...call) => this.#onCaller(...call));
  }

  /** @throws AppError `port_unavailable` when the port is in use, else `listener_error` */
  async openListener(options: ListenOptions): Promise<SrtListener> {
    if (this.#stopping) throw new AppError('listener_error', 'SRT is stopping; no new listener can be opened');
    this.#checkYielded(options);
    const socket = openListenerSocket(this.#libsrt, options, this.#hook);
    const gate = new ListenerGate(options.admit, options.log, options.onRefused);
    // A caller's hook needs the event loop, so none has run before this.
    this.#listeners.set(socket, { options, gate, publishers: new Set() });
    this.#libsrt.srt_epoll_add_usock(this.#epoll, socket, this.#interest);
    this.#adjustTimer();
    const { port } = options;
    return { port, close: (how = {}) => this.#closeListener(socket, how.yieldPort ? port : undefined) };
  }

  /** libsrt would go on with what it has left of the port, which is bound to nothing. */
  #checkYielded({ bind, port }: ListenOptions): void {
    if (this.#yielded.get(port)?.() === false) {
      throw new AppError('port_unavailable', `UDP port ${port} on ${bind} was given away a moment ago`);
    }
    this.#yielded.delete(port);
  }

  /** Closes everything in the order that libsrt survives. May be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await Promise.all([...this.#listeners.keys()].map(socket => this.#closeListener(socket)));
    await Promise.all(this.#closings.values());
    for (const publisher of this.#publishers.values()) publisher.close();
    clearInterval(this.#timer);
    this.#libsrt.srt_epoll_release(this.#epoll);
    await this.#libsrt.cleanupOnPool();
  }

  #closeListener(socket: number, yielded?: number): Promise<void> {
    const known = this.#closings.get(socket);
    if (known) return known;
    const listening = this.#listeners.get(socket);
    if (!listening) return Promise.resolve();
    const closing = this.#closeNow(socket, listening, yielded).finally(() => this.#closings.delete(socket));
    this.#closings.set(socket, closing);
    return closing;
  }

  async #closeNow(socket: number, { gate, publishers }: Listening, yielded: number | undefined): Promise<void> {
    const since = performance.now();
    gate.close();
    this.#libsrt.srt_epoll_remove_usock(this.#epoll, socket);
    for (const publisher of publishers) publisher.close();
    // The hooks still queued for it run meanwhile, and refuse.
    this.#listeners.delete(socket);
    this.#adjustTimer();
    await this.#closeOnPool(socket);
    if (yielded === undefined) return;
    const isOver = yieldPort(yielded, since);
    if (isOver) this.#yielded.set(yielded, isOver);
  }

  /** In two lanes: koffi refuses more than 256 calls at a time, and libuv's pool has other work to do. */
  async #closeOnPool(socket: number): Promise<void> {
    const lane = socket % 2;
    const closed = Promise.resolve(this.#lanes[lane]).then(() => this.#libsrt.closeOnPool(socket));
    this.#lanes[lane] = closed.catch(() => undefined);
    await closed;
  }

  /** libsrt waits for this answer with the port's lock held: it must be quick, and an exception would let the caller in. */
  readonly #onCaller: ListenHook = (listener, socket, hsVersion, peer, streamId) => {
    try {
      const caller = { streamId: streamId ?? '', hsVersion, peer: decodeAddress(this.#libsrt.readAddress(peer)) };
      const gate = this.#listeners.get(listener)?.gate;
      const admission = gate?.judge(caller) ?? CLOSED;
      if (gate && admission.accept) {
        this.#expect(socket, gate, caller.peer, admission.passphrase);
        return 0;
      }
      if (!admission.accept) this.#libsrt.srt_setrejectreason(socket, admission.code);
    } catch (error) {
      this.#libsrt.srt_setrejectreason(socket, FAILED.code);
      this.#log.error({ err: error }, 'an SRT caller was refused with 1500: its stream id could not be checked');
    }
    return -1;
  };

  /** From here on libsrt decides, by the passphrase. A sender chooses the length of the AES key (SRTO_PBKEYLEN). */
  #expect(socket: number, gate: ListenerGate, peer: string, passphrase: string | undefined): void {
    const isEncrypted = passphrase !== undefined;
    if (isEncrypted && !setText(this.#libsrt, socket, srtOptions.PASSPHRASE, passphrase))
      throw new Error('libsrt does not take the passphrase of the stream (SRTO_PASSPHRASE)');
    const onRefused = (now: number) => gate.refusedByLibsrt(peer, isEncrypted, now);
    this.#handshakes.begin(socket, { since: performance.now(), onRefused });
  }

  #turn(): void {
    const now = performance.now();
    const ready = Math.min(this.#libsrt.srt_epoll_uwait(this.#epoll, this.#events, EPOLL_SIZE, 0), EPOLL_SIZE);
    for (let i = 0; i < ready; i += 1) {
      const socket = this.#events.readInt32LE(i * 8);
      const listening = this.#listeners.get(socket);
      if (listening) this.#accept(socket, listening);
      else this.#publishers.get(socket)?.onReady((this.#events.readInt32LE(i * 8 + 4) & EPOLL_ERR) !== 0, now);
    }
    this.#handshakes.check(now);
    for (const publisher of this.#publishers.values()) publisher.tick(now);
    for (const { gate } of this.#listeners.values()) gate.flushLog(now);
  }

  #accept(listener: number, listening: Listening): void {
    const address = Buffer.alloc(ADDRESS_BYTES);
    const length = Buffer.alloc(4);
    for (;;) {
      length.writeInt32LE(ADDRESS_BYTES);
      const socket = this.#libsrt.srt_accept(listener, address, length);
      if (socket === -1) return;
      this.#handshakes.accepted(socket);
      const caller = { peer: decodeAddress(address), streamId: getStreamId(this.#libsrt, socket) };
      if (listening.gate.mayEnter(caller)) this.#enter(socket, caller, listening);
      else this.#libsrt.srt_close(socket);
    }
  }

  #enter(
    socket: number,
    { peer, streamId }: { peer: string; streamId: string },
    { options, gate, publishers }: Listening,
  ): void {
    const libsrt = this.#libsrt;
    const publisher = new SrtPublisher({
      libsrt,
      socket,
      peer,
      streamId,
      latencyMs: getInt(libsrt, socket, srtOptions.RCVLATENCY) ?? options.latencyMs,
      silenceMs: options.silenceMs ?? 10_000,
      release: () => {
        libsrt.srt_epoll_remove_usock(this.#epoll, socket);
        libsrt.srt_close(socket);
        this.#publishers.delete(socket);
        publishers.delete(publisher);
        this.#adjustTimer();
      },
    });
    libsrt.srt_epoll_add_usock(this.#epoll, socket, this.#interest);
    this.#publishers.set(socket, publisher);
    publishers.add(publisher);
    gate.enter(publisher);
    try {
      options.onPublisher(publisher);
    } catch (error) {
      options.log.error({ err: error, peer }, 'an accepted SRT caller could not be served; its connection is closed');
      publisher.close();
    }
  }

  #adjustTimer(): void {
    const needed = this.#listeners.size + this.#publishers.size > 0;
    if (needed) this.#timer ??= setInterval(() => this.#turn(), TURN_MS);
    else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}
