/** What the callers' process is asked to do. */
export interface CallersOrder {
  /** Stream ids with keys, and where to call with each. */
  calls: { streamId: string; host: string; port: number }[];
  seconds: number;
}

/** What the callers' process says. `connected`: all are; `done`: how many packets each has sent. */
export type CallersReport = { kind: 'connected' } | { kind: 'done'; sent: number };

/** What the workers' process says: its port, and at the end what came. */
export type SinkReport =
  | { kind: 'port'; port: number }
  | { kind: 'result'; received: number; latencies: { p50: number; p99: number; max: number } };

/** Of each caller: 2 Mb/s of MPEG-TS in packets of seven. */
export const PACKETS_A_SECOND = 190;
export const PACKET_BYTES = 1_332;
/** Where a packet has the time of its sending (µs, CLOCK_MONOTONIC). */
export const TIME_AT = 16;

export const nowMicroseconds = (): bigint => process.hrtime.bigint() / 1_000n;
