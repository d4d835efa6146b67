import type { Logger } from '../../common/createLogger.ts';
import { type Admission, type Refusal, refuse } from '../../common/srt/admission.ts';
import { RefusalLog, type Refusals } from '../../common/srt/refusalLog.ts';
import type { SrtPublisher } from './srtPublisher.ts';

export type Admit = (streamId: string, peer: string) => Admission;

interface Caller {
  streamId: string;
  hsVersion: number;
  peer: string;
}

type Occupant = Pick<SrtPublisher, 'keepsOut' | 'giveWay'>;

const CLOSING = refuse(1503, 'this listener is closing');
const TAKEN = refuse(1409, 'another encoder is publishing to this stream');
const TOO_OLD = refuse(1400, 'the caller speaks an SRT version without stream ids');
const FAILED = refuse(1500, 'an error in Livetran; see the worker log');
const BAD_SECRET = refuse(10, 'the passphrase is wrong or missing');
const UNSECURE = refuse(11, 'the encoder has a passphrase and the stream has none');

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
   * Judges a caller during its handshake. Never throws and reserves nothing: libsrt still checks the passphrase of a caller
   * that is let in here.
   */
  judge(caller: Caller): Admission {
    const now = performance.now();
    const admission = this.#judge(caller, now);
    if (!admission.accept) this.#report(admission, caller.peer, now);
    return admission;
  }

  /** libsrt refused a caller after `judge` had let it in: all that it checks is the passphrase. */
  refusedByLibsrt(peer: string, isEncrypted: boolean, now: number): void {
    this.#report(isEncrypted ? BAD_SECRET : UNSECURE, peer, now);
  }

  /** Whether a connection that libsrt has made may stay: two may have passed the handshake in the same turn. */
  mayEnter({ peer, streamId }: Pick<Caller, 'peer' | 'streamId'>): boolean {
    const now = performance.now();
    const refusal = this.#closing ? CLOSING : this.#live?.keepsOut(streamId, now) ? TAKEN : undefined;
    if (!refusal) return true;
    this.#report(refusal, peer, now);
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

  #report({ code, why }: Refusal, peer: string, now: number): void {
    this.#refusals.add({ code, why, peer }, now);
  }

  #judge(caller: Caller, now: number): Admission {
    if (this.#closing) return CLOSING;
    if (caller.hsVersion !== 5) return TOO_OLD;
    try {
      const admission = this.#admit(caller.streamId, caller.peer);
      return admission.accept && this.#live?.keepsOut(caller.streamId, now) ? TAKEN : admission;
    } catch (error) {
      this.#log.error({ err: error }, 'an SRT caller was refused with 1500: its stream id could not be checked');
      return FAILED;
    }
  }
}
