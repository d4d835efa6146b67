import type { Libsrt } from './libsrt.ts';

/** sizeof(SRT_TRACEBSTATS), the same in libsrt 1.4.4 to 1.5.5. */
const STATS_BYTES = 496;
const INTERVAL_MS = 1_000;

/** What libsrt counts for one publisher, under its names (docs/API/statistics.md there). */
export interface SrtStats {
  msRTT: number;
  pktRecvTotal: number;
  /** Missing at first, reordered packets included: most come back as retransmissions. */
  pktRcvLossTotal: number;
  /** Never arrived in time: damage that viewers may see. */
  pktRcvDropTotal: number;
  pktRcvRetransTotal: number;
  pktRcvUndecryptTotal: number;
  /** Came after their time, needless retransmissions included. */
  pktRcvBelatedTotal: number;
  /** Retransmissions included. */
  byteRecvTotal: number;
  /** Mb/s over the last second. */
  mbpsRecvRate: number;
  /** Mb/s, libsrt's estimate of the link. */
  mbpsBandwidth: number;
  pktRcvBuf: number;
  msRcvBuf: number;
  /** The latency that was agreed with the caller (ms). */
  msRcvTsbPdDelay: number;
}

/** Reads one socket's statistics. libsrt counts some only since the last clearing: those are summed up here. */
export class SrtStatsReader {
  readonly #libsrt: Libsrt;
  readonly #socket: number;
  readonly #raw = Buffer.alloc(STATS_BYTES);
  #clearedAt: number;
  #retransmitted = 0;
  #belated = 0;
  #receiveRate: number | undefined;
  #latest: SrtStats | undefined;

  constructor(libsrt: Libsrt, socket: number, now: number) {
    this.#libsrt = libsrt;
    this.#socket = socket;
    this.#clearedAt = now;
  }

  /** The present values; the last known ones once the connection is broken. @param now ms, monotonic */
  read(now: number): SrtStats {
    const clear = now - this.#clearedAt >= INTERVAL_MS;
    const raw = this.#raw;
    if (this.#libsrt.srt_bistats(this.#socket, raw, clear ? 1 : 0, 1) !== 0)
      return this.#latest ?? decode(raw, { retransmitted: 0, belated: 0, rate: 0 });
    const rate = raw.readDoubleLE(192);
    const retransmitted = this.#retransmitted + raw.readInt32LE(164);
    const belated = this.#belated + Number(raw.readBigInt64LE(224));
    if (clear) {
      this.#clearedAt = now;
      this.#receiveRate = rate;
      this.#retransmitted = retransmitted;
      this.#belated = belated;
    }
    this.#latest = decode(raw, { retransmitted, belated, rate: this.#receiveRate ?? rate });
    return this.#latest;
  }
}

/** @param summed what libsrt counts since the last clearing only */
function decode(raw: Buffer, summed: { retransmitted: number; belated: number; rate: number }): SrtStats {
  return {
    msRTT: raw.readDoubleLE(328),
    pktRecvTotal: Number(raw.readBigInt64LE(16)),
    pktRcvLossTotal: raw.readInt32LE(28),
    pktRcvDropTotal: raw.readInt32LE(68),
    pktRcvRetransTotal: summed.retransmitted,
    pktRcvUndecryptTotal: raw.readInt32LE(72),
    pktRcvBelatedTotal: summed.belated,
    byteRecvTotal: Number(raw.readBigUInt64LE(88)),
    mbpsRecvRate: summed.rate,
    mbpsBandwidth: raw.readDoubleLE(336),
    pktRcvBuf: raw.readInt32LE(380),
    msRcvBuf: raw.readInt32LE(388),
    msRcvTsbPdDelay: raw.readInt32LE(392),
  };
}
