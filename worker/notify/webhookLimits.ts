/** How webhooks are shared out among receivers' hosts, and how long they are tried. Times in ms. */
export const webhookLimits = {
  /** Webhooks that a worker sends at a time; BullMQ's `concurrency`. */
  all: 300,
  /** Of those, to hosts that are new, slow or silent. The rest is left to prompt ones. */
  unproven: 150,
  /** Of those, repeated attempts; and how long (ms) the place of each is taken at least, so that failures that come fast cannot fill a worker. */
  repeated: 100,
  repeatedMs: 1_000,
  /** First attempts at a time to a prompt host, of all workers together. */
  prompt: 50,
  /** To a host that is new, slow or silent; and repeated attempts at a time to a prompt host. */
  share: 4,
  /** A host is prompt when it answers 2xx within this time on average. */
  promptMs: 1_000,
  /** Answers in a row that are no 2xx, from which on a host is no longer prompt. */
  bad: 20,
  /** Attempts in a row without an answer that open the circuit. */
  silent: 3,
  /**
   * For how long it opens: the first time, and at most; up to half of that more at random. It doubles with each attempt that fails in
   * between.
   */
  openMs: 5_000,
  longestMs: 60_000,
  /** After a failed attempt the next lane of a host that is not prompt waits so long. */
  pauseMs: 400,
  /** No answer within this time is none. */
  timeoutMs: 10_000,
  /** A place that was taken for so long is free again: its worker has died. */
  placeMs: 60_000,
  /**
   * BullMQ's `lockDuration` and `stalledInterval`: what a dead worker was sending is sent by another one after this much. The lock is
   * renewed each half of its time, so a busy event loop does not lose it.
   */
  lockMs: 15_000,
  stalledMs: 5_000,
  /** A place is counted as idle for so long while its job waits for a worker. */
  startMs: 30_000,
  /** A lane that waits is checked after this time, and its job comes by itself, in case nobody calls it. */
  recheckMs: 900_000,
  /** Pauses between attempts: the first one, and the longest; each is half to all of twice the one before. */
  firstRetryMs: 1_000,
  longestRetryMs: 900_000,
  /** The longest Retry-After that is honoured. */
  retryAfterMs: 3_600_000,
  /** From the event on. Then it is given up. */
  giveUpMs: 86_400_000,
  /** An attempt that was due before that may begin so much later: the machine was busy. */
  lateMs: 10_000,
  /** Without a new event lanes and what is known of hosts are forgotten (s). */
  laneTtl: 172_800,
  hostTtl: 172_800,
};

export type WebhookLimits = typeof webhookLimits;
