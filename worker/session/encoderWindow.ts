import type { StreamReason } from '../../common/stream/streamState.ts';
import type { SessionTimes } from './sessionContract.ts';

/** How long a stream waits for its encoder, and what ends it when none comes. */
export interface EncoderWindow {
  /** performance.now(). */
  until: number;
  reason: StreamReason;
  message: string;
}

/** The window that begins now: for the first encoder (`connect`), or for one that was there before (`reconnect`). */
export function encoderWindow(kind: 'connect' | 'reconnect', times: SessionTimes): EncoderWindow {
  const ms = kind === 'connect' ? times.connectMs : times.reconnectMs;
  const message =
    kind === 'connect'
      ? `No encoder connected within ${ms / 1000} s`
      : `The encoder did not come back within ${ms / 1000} s`;
  return { until: performance.now() + ms, reason: `${kind}_timeout`, message };
}
