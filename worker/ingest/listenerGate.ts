import type { Logger } from '../../common/createLogger.ts';
import type { Admission } from '../../common/srt/admission.ts';
import { RefusalLog, type Refusals } from './refusalLog.ts';
import type { SrtPublisher } from './srtPublisher.ts';

export type Admit = (streamId: string, peer: string) => Admission;

interface Caller {
  streamId: string;
  hsVersion: number;
  peer: string;
}

type Occupant = Pick<SrtPublisher, 'isLive' | 'giveWay'>;

const ACCEPTED: Admission = { accept: true };
const CLOSING: Admission = { accept: false, code: 1503, why: 'this listener is closing' };
const TAKEN: Admission = { accept: false, code: 1409, why: 'another encoder is publishing to this stream' };
const TOO_OLD: Admission = { accept: false, code: 1400, why: 'the caller speaks an SRT version without stream ids' };

/** Who may publish through one listener: callers that `admit` lets in, one at a time. */
export class ListenerGate {
  readonly #admit: Admit;
  readonly #log: Logger;
  readonly #refusals: RefusalLog;
  #live: Occupant | undefined;
  #closing = false;

  constructor(admit: Admit, log: Logger, onRefused?: (refusals: Refusals) => void) {
    this.#admit = admit;
    this.#log = log;
    this.#refusals = new RefusalLog(log, onRefused);
  }

  /**
   * Judges a caller during its handshake. Never throws and reserves nothing: a caller that is let in here may still
   * fail (libsrt checks a passphrase later). @returns 0 to accept, else the reject code
   */
  judge(caller: Caller): number {
    const now = performance.now();
    const { peer } = caller;
    const admission = this.#judge(caller, now);
    if (admission.accept) return 0;
    this.#refusals.add({ code: admission.code, why: admission.why, peer }, now);
    return admission.code;
  }

  /** Whether a connection that libsrt has made may stay: two may have passed the handshake in the same turn. */
  mayEnter(peer: string): boolean {
    const now = performance.now();
    const refusal = this.#closing ? CLOSING : this.#live?.isLive(now) ? TAKEN : ACCEPTED;
    if (refusal.accept) return true;
    this.#refusals.add({ code: refusal.code, why: refusal.why, peer }, now);
    return false;
  }

  /** The publisher that counts from now on, in place of the one before. */
  enter(publisher: Occupant): void {
    this.#live?.giveWay();
    this.#live = publisher;
  }

  /** Writes the log line that is due. */
  flushLog(now: number): void {
    this.#refusals.flush(now);
  }

  close(): void {
    this.#closing = true;
    this.#refusals.close();
  }

  #judge(caller: Caller, now: number): Admission {
    if (this.#closing) return CLOSING;
    if (caller.hsVersion !== 5) return TOO_OLD;
    try {
      const admission = this.#admit(caller.streamId, caller.peer);
      if (!admission.accept) return admission;
    } catch (error) {
      this.#log.error({ err: error }, 'an SRT caller was refused with 1500: its stream id could not be checked');
      return { accept: false, code: 1500, why: 'an error in Livetran; see the worker log' };
    }
    return this.#live?.isLive(now) ? TAKEN : ACCEPTED;
  }
}
