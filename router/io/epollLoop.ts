import koffi from 'koffi';
import { type Libc, linux } from './libc.ts';
import { systemError } from './systemError.ts';

/** struct epoll_event is packed on x64 only. */
const EVENT = process.arch === 'x64' ? { bytes: 12, data: 4 } : { bytes: 16, data: 8 };
const MOST_EVENTS = 256;
/** From so many packets a millisecond on, waiting a millisecond for more of them costs less than being woken by each. */
const BUSY = 8;
const PAUSE_MS = 1;
const RATE_MS = 5;
/** After a turn of so many more are there already: the process was late, and may be late again. */
const BACKLOG = 64;

/**
 * Sockets of the C library in Node's event loop: one epoll for all of them, which libuv watches. Few packets are handled as they
 * come; many of them in turns, a millisecond apart; a backlog without a pause.
 */
export class EpollLoop {
  readonly #libc: Libc;
  readonly #epoll: number;
  readonly #readers = new Map<number, () => number>();
  readonly #events = Buffer.allocUnsafeSlow(MOST_EVENTS * EVENT.bytes);
  readonly #poll: ReturnType<typeof koffi.node.poll>;
  readonly #afterTurn: () => void;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #rate = { since: 0, packets: 0, busy: false };

  /** @param afterTurn called when all that was readable has been read. Throws where there are no more file descriptors */
  constructor(libc: Libc, afterTurn: () => void) {
    this.#libc = libc;
    this.#afterTurn = afterTurn;
    this.#epoll = libc.epoll_create1(linux.EPOLL_CLOEXEC);
    if (this.#epoll < 0) throw systemError('epoll_create1', libc.errno());
    this.#poll = koffi.node.poll(this.#epoll, { readable: true }, () => this.#wake());
  }

  /** @param read reads what there is, to some bound, and returns how many packets that were */
  add(socket: number, read: () => number): void {
    const event = Buffer.alloc(EVENT.bytes);
    event.writeUInt32LE(linux.EPOLLIN);
    event.writeUInt32LE(socket, EVENT.data);
    if (this.#libc.epoll_ctl(this.#epoll, linux.EPOLL_CTL_ADD, socket, event) < 0)
      throw systemError('epoll_ctl', this.#libc.errno());
    this.#readers.set(socket, read);
  }

  /** The kernel takes a socket out itself when it is closed. */
  remove(socket: number): void {
    this.#readers.delete(socket);
  }

  /** May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#poll.close();
    this.#libc.close(this.#epoll);
  }

  /** libuv's callback is outside of Node's own, where promises would not go on: the turn comes right after it. */
  #wake(): void {
    this.#poll.stop();
    this.#immediate = setImmediate(() => this.#turn());
  }

  #turn(): void {
    const packets = this.#read();
    this.#afterTurn();
    if (this.#closed) return;
    const busy = this.#isBusy(packets);
    if (packets >= BACKLOG) this.#immediate = setImmediate(() => this.#turn());
    else if (busy) this.#timer = setTimeout(() => this.#turn(), PAUSE_MS);
    else this.#poll.start({ readable: true }, () => this.#wake());
  }

  #read(): number {
    const count = this.#libc.epoll_wait(this.#epoll, this.#events, MOST_EVENTS, 0);
    let packets = 0;
    for (let i = 0; i < count && !this.#closed; i += 1) {
      const socket = this.#events.readUInt32LE(i * EVENT.bytes + EVENT.data);
      packets += this.#readers.get(socket)?.() ?? 0;
    }
    return packets;
  }

  #isBusy(packets: number): boolean {
    const now = performance.now();
    const elapsed = now - this.#rate.since;
    const sum = this.#rate.packets + packets;
    if (elapsed < RATE_MS) this.#rate.packets = sum;
    else this.#rate = { since: now, packets: 0, busy: sum >= BUSY * elapsed };
    return this.#rate.busy;
  }
}
