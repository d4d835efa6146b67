import type { Libsrt } from './libsrt.ts';

/** libsrt's SRT_SOCKSTATUS: a socket that was connected is never below the one, and one that is gone never below the other. */
const SRTS_CONNECTED = 5;
const SRTS_CLOSED = 8;
/** libsrt decides within milliseconds. A socket that is closed after this time was connected before. */
const DECIDED_MS = 2_000;

interface Handshake {
  /** performance.now() */
  since: number;
  onRefused(now: number): void;
}

/**
 * Callers that the listen hook let in, until libsrt hands out their connection. libsrt checks the passphrase in between and
 * reports a refusal to the caller only: here it shows as a socket that is closed without ever having been accepted.
 */
export class Handshakes {
  readonly #libsrt: Pick<Libsrt, 'srt_getsockstate'>;
  readonly #open = new Map<number, Handshake>();

  constructor(libsrt: Pick<Libsrt, 'srt_getsockstate'>) {
    this.#libsrt = libsrt;
  }

  begin(socket: number, handshake: Handshake): void {
    this.#open.set(socket, handshake);
  }

  accepted(socket: number): void {
    this.#open.delete(socket);
  }

  /** Once a turn, after what is connected was accepted. @param now ms, monotonic */
  check(now: number): void {
    for (const [socket, { since, onRefused }] of this.#open) {
      const state = this.#libsrt.srt_getsockstate(socket);
      const isLate = now - since > DECIDED_MS;
      // Connected, or broken since: libsrt has let it in, whether it is ever handed out or not.
      if (state >= SRTS_CONNECTED || isLate) this.#open.delete(socket);
      if (state >= SRTS_CLOSED && !isLate) onRefused(now);
    }
  }
}
