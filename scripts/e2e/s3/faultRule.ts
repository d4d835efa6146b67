export type FaultKind =
  | 'status' // answers `code` itself
  | 'garbage' // answers 200 with a page of HTML itself, as a captive portal does
  | 'reset' // reads the request, then a TCP reset
  | 'resetMidBody' // a TCP reset as soon as the body begins
  | 'blackhole' // reads the request and never answers
  | 'delay' // holds the request for `delayMs`, then passes it on even when the client has gone
  | 'slowResponse' // passes it on and lets the answer trickle for `delayMs`
  | 'truncate' // passes it on and breaks off in the middle of the answer's body
  | 'commitThenReset' // the store does it, the client gets a reset
  | 'commitThenHang'; // the store does it, the client hears nothing

export interface FaultRule {
  kind: FaultKind;
  /** Without it every method; a HEAD would use up a rule meant for a PUT. */
  method?: string;
  /** Tested on path and query. */
  match?: RegExp;
  /** How many requests it takes; without it all, until it is replaced or cleared. */
  count?: number;
  /** 0 to 1; default 1. */
  probability?: number;
  delayMs?: number;
  /** For `status`. */
  code?: number;
  headers?: Record<string, string>;
  body?: string;
}
