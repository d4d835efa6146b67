import type { streamReasons } from './streamReasons.ts';

export const streamStates = ['INITIALISED', 'READY', 'STREAMING', 'STOPPED'] as const;

/** INITIALISED → READY ⇄ STREAMING → STOPPED; any → STOPPED, which is final for a run. */
export type StreamState = (typeof streamStates)[number];

/**
 * The one transition table: for each state, the states it may be entered from. The Lua scripts get a row of it as an
 * argument and enforce it atomically. A state may be re-entered from itself (a new owner after a fail-over says READY
 * again), except STOPPED. STREAMING → READY is the reconnect window.
 */
export const enteredFrom: Readonly<Record<StreamState, readonly StreamState[]>> = {
  INITIALISED: ['STOPPED'],
  READY: ['INITIALISED', 'READY', 'STREAMING'],
  STREAMING: ['READY', 'STREAMING'],
  STOPPED: ['INITIALISED', 'READY', 'STREAMING'],
};

/** Why a stream changed its state, as a machine word (webhook field `Reason`). */
export type StreamReason = keyof typeof streamReasons;
