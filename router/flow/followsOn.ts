import { messageDistance, sequenceDistance, sequenceOf, timestampOf } from '../packet/packet.ts';

/** What is known of a caller from its packets. */
export interface CallerTrace {
  /** When it was last heard (ms, monotonic). */
  heardAt: number;
  /** The data packet with the highest sequence number. */
  newest: Buffer;
  /** The caller's clock (µs, 32 bits) at a time (ms, monotonic). */
  clock: { timestamp: number; at: number };
  /** The worker's last full ACK, as the caller got it. */
  acknowledgement: Buffer;
}

/** 5 s at 20 Mb/s; longer than libsrt's caller goes on without an answer. */
const MOST_AHEAD = 8_192;
/** Packets wait in buffers, and retransmissions keep their time. */
const CLOCK_TOLERANCE_US = 5_000_000;

/**
 * Whether a data packet can be the caller's next: newer than all, but not much; its message number goes on with its sequence
 * number (live mode has one packet a message; some callers never count messages); its time is the caller's. One who has not
 * seen the caller's packets has to guess some 50 bits; packets that were recorded are not newer. A pure function.
 */
export function followsOn(packet: Buffer, { newest, clock }: CallerTrace, now: number): boolean {
  const ahead = sequenceDistance(sequenceOf(packet), sequenceOf(newest));
  if (ahead <= 0 || ahead > MOST_AHEAD) return false;
  const messages = messageDistance(packet, newest);
  // 0 is no message number: one is left out where they wrap.
  if (messages !== 0 && Math.abs(messages - ahead) > 1) return false;
  const expected = clock.timestamp + Math.round((now - clock.at) * 1_000);
  return Math.abs((timestampOf(packet) - expected) | 0) <= CLOCK_TOLERANCE_US;
}
