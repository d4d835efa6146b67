const prefix = 'livetran:';

/** Every Redis key and channel of ours; BullMQ's own live under BullMQ's prefix. */
export const keys = {
  /** HASH: a stream's record, lease and desired state. No expiry while it runs, `RECORD_TTL_SECONDS` after STOPPED. */
  stream: (id: string) => `${prefix}stream:${id}`,
  /** STRING (JSON): the working copy of a stream's ledger. Always expires. */
  ledger: (id: string) => `${prefix}ledger:${id}`,
  /** LIST: the figures of a run's last 15 minutes, one entry a second (streamSamples.ts). Expires. */
  samples: (id: string, run: string) => `${prefix}samples:${id}.${run}`,
  /** ZSET: ids of streams that viewers have reported, by the time of the last beacon (s). Expires. */
  audiences: `${prefix}audiences`,
  /**
   * Prefix of the windows of 20 s in which a stream's viewers are counted: `:<window>` HyperLogLog of the numbers of their pages,
   * `:<window>:level` STRING, which share of them. All expire.
   */
  viewers: (id: string) => `${prefix}viewers:${id}`,
  /** Prefix of what a stream's viewers have reported: `:<minute>` HASH of counts. Expire. */
  audience: (id: string) => `${prefix}audience:${id}`,
  /** LIST: the last 50 lines that workers logged about a stream (streamLogs.ts). Expires. */
  log: (id: string) => `${prefix}log:${id}`,
  /** STRING: held while a stopped stream's objects are deleted; no worker can take the stream meanwhile. Expires. */
  purge: (id: string) => `${prefix}purge:${id}`,
  /** SET: ids of all streams that are not STOPPED. */
  live: `${prefix}streams:live`,
  /** SET: ids that an API key with `max_streams` has started; those STOPPED go at its next start. Expires. */
  startedBy: (keyId: string) => `${prefix}key:${keyId}:streams`,
  /** STRING: how many streams an API key with `starts_per_minute` has started in this minute. Expires. */
  starts: (keyId: string) => `${prefix}key:${keyId}:starts`,
  /** ZSET: ids by time of their last start (ms), for listings; trimmed as it grows. */
  index: `${prefix}streams:index`,
  /** STREAM: state changes that were written but not yet turned into webhook jobs. Channel: the same, as JSON. */
  outbox: `${prefix}outbox`,
  /** STREAM: the last 10,000 events of all streams. Expires. */
  eventHistory: `${prefix}outbox:history`,
  /** STREAM: the last 100 events of a stream. Expires. */
  streamEvents: (id: string) => `${prefix}outbox:history:${id}`,
  /**
   * Prefix of what webhooks wait in (worker/notify/lua/). `lane:<lane>` ZSET: ids of events that are not delivered yet, for one
   * stream and one URL, by sequence; with `:jobs` HASH: their jobs. `lanes` ZSET: all lanes by the time (ms) at which they are
   * checked. `host:`, `places:`, `retries:`, `waiting:` and `parked:<host>`: receivers' hosts. All expire.
   */
  webhooks: `${prefix}webhook-`,
  /** HASH: the last deliveries of a stream's webhooks, JSON by id. Expires. */
  webhookDeliveries: (id: string) => `${prefix}webhook-deliveries:${id}`,
  /** ZSET: their ids by the time (ms) at which they were made. Expires. */
  webhookDeliveryOrder: (id: string) => `${prefix}webhook-deliveries:${id}:order`,
  /** HASH: receivers of all streams' events, JSON by id. Configuration: no expiry. */
  webhookEndpoints: `${prefix}webhook-endpoints`,
  /** ZSET: UDP ports of a host by the time (ms) from which they may be taken. */
  ports: (node: string) => `${prefix}ports:${node}`,
  /** HASH: port → the holder's token. */
  portHolders: (node: string) => `${prefix}ports:${node}:holders`,
  /** ZSET: worker ids by the time (ms) their heartbeat runs out. */
  workers: `${prefix}workers`,
  /** STRING (JSON): what a worker says of itself. Expires with its heartbeat. */
  worker: (id: string) => `${prefix}worker:${id}`,
  /** ZSET: nodes by the time (ms) a worker of theirs was seen last. Expires. */
  nodes: `${prefix}nodes`,
  /** ZSET: ids of workers that an operator has drained, by the time (ms) until which that holds. Expires. */
  drainedWorkers: `${prefix}workers:drained`,
  /** SET: nodes that an operator has drained. Configuration: no expiry. */
  drainedNodes: `${prefix}nodes:drained`,
  /** STRING: a drained worker has just chosen streams that move. Expires. */
  moves: `${prefix}moves`,
  /** STRING: a lost owner's job is being queued again by one worker. Expires. */
  requeued: (id: string, token: string) => `${prefix}requeued:${id}.${token}`,
  /** ZSET: router ids by the time (ms) their heartbeat runs out. */
  routers: `${prefix}routers`,
  /** STRING (JSON): what a router says of itself. Expires with its heartbeat. */
  router: (id: string) => `${prefix}router:${id}`,
  /** STRING (JSON): the metrics of a worker or a router (metricReports.ts). Expires. */
  metrics: (id: string) => `${prefix}metrics:${id}`,
  /** STRING: the leader that reports to waiting streams why they wait (leaderElection.ts). Expires. */
  waiting: `${prefix}waiting`,
  /** STRING: the leader that removes queues of gone nodes. Expires. */
  goneNodes: `${prefix}nodes:gone`,
  /** ZSET: restarts of a run by their time (ms). Expires. */
  restarts: (id: string, run: string) => `${prefix}restarts:${id}.${run}`,
  /** STRING: the leader that reconciles records and jobs. Expires. */
  reconcile: `${prefix}reconcile`,
  /** STRING: the leader that relays the outbox. Expires. */
  relay: `${prefix}outbox:relay`,
  /** STRING (JSON): a person's log-in to the control room, by the digest of its token. Expires. */
  adminSession: (digest: string) => `${prefix}admin-session:${digest}`,
  /** HASH: a request with an Idempotency-Key, and its answer. Expires. */
  idempotency: (digest: string) => `${prefix}idempotency:${digest}`,
  /** SET: the digests of the request signatures of one second (Unix time) that were used. Expires with them. */
  usedSignatures: (second: number) => `${prefix}signatures:${second}`,
  /** HASH: API keys by their ids, as JSON, their secrets sealed. Channel: the same; a change was made. */
  apiKeys: `${prefix}api-keys`,
  /** STRING: counts the changes of the API keys. */
  apiKeysVersion: `${prefix}api-keys:version`,
  /** STRING: when the bucket of an address or an API key (`address:<address>`, `key:<id>`) is full again (us). Expires then. */
  rateLimit: (subject: string) => `${prefix}rate:${subject}`,
  /** Channel: `<stream id>`: read this stream's desired state now. */
  wakeChannel: `${prefix}wake`,
  /** Channel: `<stream id>`: a router reports that its worker is gone. */
  lostChannel: `${prefix}lost`,
  /** Channel of a node: `<stream id> <object key>`: an upload was stored. */
  storedChannel: (node: string) => `${prefix}stored:${node}`,
} as const;

/** How long a STOPPED stream's record can still be read (72 h). */
export const RECORD_TTL_SECONDS = 259_200;
