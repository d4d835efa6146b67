// Written by `npm run generate:client` from the OpenAPI document. Do not change it by hand.

export type StartStream = {
  /** Its name in URLs and in the bucket. Made when it is absent. */
  stream_id?: string | null | undefined;
  /** What is made of the picture (docs/profiles.md). Default: DEFAULT_PROFILE. */
  profile?: 'auto' | 'transcode' | 'passthrough' | 'ladder' | 'ladder-source' | null | undefined;
  /** true: the ladder. Where both are given it must agree with `profile`. */
  abr?: boolean | null | undefined;
  /** Keeps every segment, and makes a recording at the end. */
  record?: boolean | null | undefined;
  /** Viewers can rewind to the beginning while the stream is live. */
  dvr?: boolean | null | undefined;
  /** reduced: shorter segments. low: Low-Latency HLS (docs/latency.md). Default: standard. */
  latency?: 'standard' | 'reduced' | 'low' | null | undefined;
  /** signed: viewers need a token in the URL (docs/tokens.md). Default: public. */
  playback?: 'public' | 'signed' | null | undefined;
  /** The encoder must have it, too (docs/ingestion.md). */
  passphrase?: string | null | undefined;
  webhook_urls?: string[] | null | undefined;
  title?: string | null | undefined;
  /** Texts of your own, by name. title and metadata must have at most 4096 bytes together, as JSON. */
  metadata?: Record<string, string> | null | undefined;
  /** STOPPED without an encoder after so long. Default: CONNECT_TIMEOUT_SECONDS. */
  connect_timeout_seconds?: number | null | undefined;
  /** STOPPED so long after its encoder has gone. Default: RECONNECT_TIMEOUT_SECONDS. */
  reconnect_timeout_seconds?: number | null | undefined;
  /** STOPPED so long after its first encoder connected. Default: no limit. */
  max_duration_seconds?: number | null | undefined;
};

export type EditStream = {
  webhook_urls?: string[] | null | undefined;
  title?: string | null | undefined;
  /** Changes the names that it has; null removes one. null for the whole removes all. */
  metadata?: Record<string, string | null> | null | undefined;
  record?: boolean | undefined;
};

export type RotateKey = {
  /** All keys before the new one are worthless, and their encoder is disconnected. */
  revoke?: boolean | undefined;
  /** Replaces the passphrase; null removes it. */
  passphrase?: string | null | undefined;
};

export type CreatePlaybackToken = {
  /** Seconds until it expires. A viewer who plays on then is refused: give it the length of the show. */
  expires_in?: number | undefined;
};

export type Drain = {
  draining: boolean;
};

export type NewKey = {
  /** Absent: one is made. */
  id?: string | undefined;
  scopes: ('streams:read' | 'streams:write' | 'admin')[];
  not_after?: string | undefined;
  requests_per_minute?: number | undefined;
  max_streams?: number | undefined;
  starts_per_minute?: number | undefined;
};

export type NewWebhookEndpoint = {
  url: string;
  /** States and reasons that are sent. Empty: every event. */
  events?: string[] | undefined;
  enabled?: boolean | undefined;
};

export type EditWebhookEndpoint = {
  url?: string | undefined;
  /** States and reasons that are sent. Empty: every event. */
  events?: string[] | undefined;
  enabled?: boolean | undefined;
};

export type Stream = {
  stream_id: string;
  /** Another one each time the stream is started. */
  run: string;
  state: 'INITIALISED' | 'READY' | 'STREAMING' | 'STOPPED';
  /** Why it is in this state (docs/events.md). */
  reason:
    | 'created'
    | 'no_capacity'
    | 'listening'
    | 'encoder_connected'
    | 'playable'
    | 'encoder_gone'
    | 'encoder_refused'
    | 'key_rotated'
    | 'key_revoked'
    | 'input_invalid'
    | 'source_fallback'
    | 'source_restored'
    | 'ingest_degraded'
    | 'ingest_recovered'
    | 'segments_dropped'
    | 'webhook_ended'
    | 'worker_lost'
    | 'handed_over'
    | 'user_stop'
    | 'completed'
    | 'max_duration'
    | 'connect_timeout'
    | 'reconnect_timeout'
    | 'ports_exhausted'
    | 'listener_error'
    | 'key_error'
    | 'transcode_error'
    | 'storage_error'
    | 'internal_error';
  /** The same for people: a sentence. */
  update: string | null;
  /** The stream was asked to stop and has not STOPPED yet. */
  stopping: boolean;
  profile: 'transcode' | 'passthrough' | 'ladder' | 'ladder-source';
  /** Why the source is transcoded instead of passed on (docs/profiles.md). */
  fallback:
    | 'codec'
    | 'no_idr'
    | 'no_sps'
    | 'gop_too_long'
    | 'resolution_changed'
    | 'b_frames'
    | 'rate_too_high'
    | 'timestamps'
    | null;
  abr: boolean;
  /** The stream has a passphrase. */
  encrypted: boolean;
  latency: 'standard' | 'reduced' | 'low';
  record: boolean;
  dvr: boolean;
  webhook_urls: string[];
  /** Left `webhook_urls`, because the receiver answered 410. They get no more events. */
  ended_webhooks: string[];
  title: string | null;
  metadata: Record<string, string>;
  /** null: the worker's setting counts. */
  connect_timeout_seconds: number | null;
  /** null: the worker's setting counts. */
  reconnect_timeout_seconds: number | null;
  /** null: no limit. */
  max_duration_seconds: number | null;
  /** The host of the worker that has the stream. */
  node: string | null;
  /** The id of the worker that has the stream. */
  worker: string | null;
  port: number | null;
  /** Where the encoder publishes, with the stream key. From READY on. */
  srt_url: string | null;
  /** The playlist, once it is in the store. */
  stream_link: string | null;
  playback: Playback;
  /** The recording, once it is in the store. */
  recording_link: string | null;
  /** The encoder that was refused last. */
  last_refusal: {
    /** SRT's reject code, as the encoder sees it (docs/ingestion.md). */
    code: number;
    peer: string;
    message: string;
    at: string;
    /** Refusals in this run. */
    count: number;
  } | null;
  /** What went wrong last in this run, whether it ended the run or not. */
  last_error: {
    /** docs/errors.md lists them. */
    code:
      | 'signature_missing'
      | 'signature_invalid'
      | 'signature_replayed'
      | 'key_unknown'
      | 'key_expired'
      | 'key_exists'
      | 'key_configured'
      | 'key_not_found'
      | 'delivery_not_found'
      | 'endpoint_not_found'
      | 'worker_not_found'
      | 'node_not_found'
      | 'unauthorized'
      | 'forbidden'
      | 'playback_token_missing'
      | 'playback_token_invalid'
      | 'request_malformed'
      | 'body_invalid'
      | 'field_unknown'
      | 'parameter_invalid'
      | 'parameter_unknown'
      | 'webhook_refused'
      | 'body_too_large'
      | 'headers_too_large'
      | 'media_type_unsupported'
      | 'not_found'
      | 'stream_not_found'
      | 'method_not_allowed'
      | 'precondition_failed'
      | 'range_unsatisfiable'
      | 'expectation_failed'
      | 'stream_running'
      | 'stream_stopped'
      | 'idempotency_key_reused'
      | 'idempotency_key_in_use'
      | 'recording_fixed'
      | 'edit_conflict'
      | 'quota'
      | 'rate_limited'
      | 'request_timeout'
      | 'stream_unreadable'
      | 'no_worker'
      | 'redis_unavailable'
      | 'config_invalid'
      | 'dependency_missing'
      | 'port_unavailable'
      | 'origin_unavailable'
      | 'ports_exhausted'
      | 'listener_error'
      | 'key_error'
      | 'input_invalid'
      | 'transcode_error'
      | 'storage_error'
      | 'fenced'
      | 'internal_error';
    message: string;
    at: string;
  } | null;
  /** null: no encoder is connected. */
  encoder: {
    /** `<address>:<port>`, as the worker sees it. With a router: the address of the router. */
    address: string;
  } | null;
  /** What the encoder sends, with FFmpeg's names. null: no encoder, or not known yet. */
  input: {
    video_codec: string;
    width: number | null;
    height: number | null;
    /** null: no audio comes. */
    audio_codec: string | null;
  } | null;
  /** What is made of it now, from the largest to the smallest. */
  renditions: {
    width: number | null;
    height: number | null;
    /** null: the encoder's own picture. */
    video_kbps: number | null;
  }[];
  /** How the stream is. null: no encoder is connected. */
  health: StreamHealth | null;
  /** The newest figures: SRT, encode, storage. In `GET …/{stream_id}` alone; null: no encoder. */
  stats: StreamSample | null;
  created_at: string;
  /** When a worker first listened for the encoder. */
  ready_at: string | null;
  /** When the first encoder connected. */
  streaming_at: string | null;
  stopped_at: string | null;
  updated_at: string;
};

export type Playback = {
  /** signed: the URLs work with a token in front of the stream id (docs/tokens.md), and as they are nobody may play them. */
  policy: 'public' | 'signed';
  /** The playlist in the store. There is none before the first segments are stored. */
  hls: string;
  /** The Low-Latency HLS playlist (docs/latency.md). null: the stream is started without `latency: low`. */
  low_latency: string | null;
};

export type StreamHealth = {
  status: 'good' | 'degraded';
  /** Since when it has this status. */
  since: string;
  /** What is wrong now, the oldest first. */
  problems: {
    /** docs/events.md lists them. */
    code:
      | 'packets_dropped'
      | 'packets_lost'
      | 'rtt_high'
      | 'bit_rate_collapsed'
      | 'nothing_received'
      | 'undecryptable'
      | 'no_audio'
      | 'key_frames_far_apart'
      | 'timestamps_jumped'
      | 'continuity_errors'
      | 'decode_errors'
      | 'slow_encode'
      | 'upload_late'
      | 'segments_lost';
    /** Where to look first. */
    fault: 'network' | 'encoder' | 'worker' | 'storage';
    since: string;
    /** What, and how much. */
    message: string;
    /** What to do. */
    advice: string;
  }[];
};

export type StreamSample = {
  time: string;
  /** From the encoder, retransmissions included. */
  receive_kbps: number;
  rtt_ms: number;
  /** The SRT latency that was agreed with the encoder. */
  latency_ms: number;
  packets: number;
  /** Missing at first; most of them are sent again. */
  packets_lost: number;
  /** Did not arrive in time: viewers may see damage. */
  packets_dropped: number;
  packets_retransmitted: number;
  packets_belated: number;
  packets_undecryptable: number;
  /** Media in libsrt's receive buffer. */
  buffer_ms: number;
  /** libsrt's estimate of the link. */
  link_mbps: number;
  /** Pictures made. */
  fps: number;
  /** Seconds of media made per second, over the last 10 s. */
  speed: number;
  /** Media that came and is not made yet. */
  behind_seconds: number;
  frames_duplicated: number;
  frames_dropped: number;
  /** Error lines in FFmpeg's log. */
  decode_errors: number;
  /** Between the last two key frames of the source. */
  key_frame_seconds: number;
  /** Since audio came last. null: there is no audio. */
  audio_silent_seconds: number | null;
  timestamp_jumps: number;
  continuity_errors: number;
  /** From closed to listed. null: no segment was listed. */
  listing_lag_ms: number | null;
  /** Closed and not stored yet. */
  backlog_segments: number;
  /** How long the oldest of them has waited. */
  backlog_ms: number;
  failed_puts: number;
  gaps: number;
  /** Of the last segment of each rendition. */
  rendition_kbps: number[];
};

/** An error (RFC 9457). */
export type Problem = {
  /** Where the error is described. One for each code. */
  type: string;
  /** What happened; the same text for each error of this code. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** Which rule was broken, by what. */
  detail: string;
  /** What to do about it. */
  next: string;
  /** A stable machine word: compare this one. */
  code:
    | 'signature_missing'
    | 'signature_invalid'
    | 'signature_replayed'
    | 'key_unknown'
    | 'key_expired'
    | 'key_exists'
    | 'key_configured'
    | 'key_not_found'
    | 'delivery_not_found'
    | 'endpoint_not_found'
    | 'worker_not_found'
    | 'node_not_found'
    | 'unauthorized'
    | 'forbidden'
    | 'playback_token_missing'
    | 'playback_token_invalid'
    | 'request_malformed'
    | 'body_invalid'
    | 'field_unknown'
    | 'parameter_invalid'
    | 'parameter_unknown'
    | 'webhook_refused'
    | 'body_too_large'
    | 'headers_too_large'
    | 'media_type_unsupported'
    | 'not_found'
    | 'stream_not_found'
    | 'method_not_allowed'
    | 'precondition_failed'
    | 'range_unsatisfiable'
    | 'expectation_failed'
    | 'stream_running'
    | 'stream_stopped'
    | 'idempotency_key_reused'
    | 'idempotency_key_in_use'
    | 'recording_fixed'
    | 'edit_conflict'
    | 'quota'
    | 'rate_limited'
    | 'request_timeout'
    | 'stream_unreadable'
    | 'no_worker'
    | 'redis_unavailable'
    | 'config_invalid'
    | 'dependency_missing'
    | 'port_unavailable'
    | 'origin_unavailable'
    | 'ports_exhausted'
    | 'listener_error'
    | 'key_error'
    | 'input_invalid'
    | 'transcode_error'
    | 'storage_error'
    | 'fenced'
    | 'internal_error';
  /** Whether the same request can succeed later. */
  retryable: boolean;
  /** Also in the header X-Request-Id and in the log of the server. */
  request_id: string;
  /** Each field or parameter that breaks a rule. */
  errors?:
    | {
        name: string;
        rule: string;
      }[]
    | undefined;
};

export type PlaybackToken = {
  token: string;
  /** The low-latency playlist where there is one, else the one in the store. */
  url: string;
  /** Both, with the token. */
  playback: {
    /** The playlist in the store. There is none before the first segments are stored. */
    hls: string;
    /** The Low-Latency HLS playlist (docs/latency.md). null: the stream is started without `latency: low`. */
    low_latency: string | null;
  };
  expires_at: string;
};

export type StreamStats = {
  stream_id: string;
  run: string;
  health: StreamHealth | null;
  audience: Audience;
  /** The oldest first. There are none without an encoder. */
  samples: StreamSample[];
};

/** What the watch page and the embedded player report (docs/watching.md). */
export type Audience = {
  /** Pages that play the stream now, or did within the last 40 s. */
  viewers: number;
  /** Times that the picture of a viewer stood still in the last minute, all viewers together. */
  stalls_per_minute: number;
  /** Errors from which a player had to begin anew, likewise. */
  errors_per_minute: number;
  /** From loading the playlist to the first picture, the median of the last five minutes. */
  join_ms_p50: number | null;
};

export type LogLine = {
  time: string;
  level: 'info' | 'warn' | 'error' | 'fatal';
  message: string;
  /** What else the line says: JSON, cut at 1000 characters. Empty: nothing. */
  details: string;
};

export type Worker = {
  /** `<node>-<random>`: one process. */
  id: string;
  node: string;
  /** The address in its SRT URLs. */
  address: string;
  version: string;
  /** Its units (WORKER_STREAMS). */
  slots: number;
  streams: number;
  /** The units that its streams take (docs/profiles.md). */
  units_used: number;
  /** Its streams by profile. */
  profiles: Record<string, number> | null;
  full: boolean;
  /** It takes no new streams: it was drained, or it is to stop. */
  draining: boolean;
  /** It is draining, and has no stream left. */
  drained: boolean;
  /** What an operator has drained: the worker, or its whole node. */
  drained_by: 'worker' | 'node' | null;
  /** Why streams of a drained worker stay on it. */
  staying: string | null;
  /** Why it takes no streams although it has room. */
  busy: string | null;
  since: string;
  load: {
    /** The host's load average of a minute, for each core. */
    cpu: number;
    event_loop_ms: number;
    /** Seconds of media per second. */
    slowest_encode: number | null;
    /** Media that waits for the slowest encode. */
    behind_seconds: number | null;
    /** Free on the spool's disk. */
    spool_free_bytes: number;
    spool_used_bytes: number | null;
    /** SPOOL_MAX_BYTES. */
    spool_max_bytes: number | null;
  };
  /** Counts since it began. */
  totals: {
    segments_listed: number;
    listing_ms: number;
    gaps_listed: number;
    puts_failed: number;
    segments_dropped: number;
    values_skipped: number;
    fallbacks: number;
  } | null;
};

export type Node = {
  node: string;
  /** An operator has drained it; it stays so until that is ended. */
  draining: boolean;
  /** It is drained, and none of its workers has a stream left. */
  drained: boolean;
  /** Its live workers. */
  workers: string[];
  streams: number;
  /** When a worker of it was last alive; null: not for 30 days. */
  last_seen: string | null;
};

export type Router = {
  /** `<node>-<random>`: one process. */
  id: string;
  /** The host in its SRT URLs. */
  address: string;
  port: number;
  version: string;
  /** Encoders that are connected by it. */
  connections: number;
  since: string;
  /** Counts since it began. */
  totals: {
    /** From encoders to workers. */
    packets_up: number;
    packets_down: number;
    bytes_up: number;
    bytes_down: number;
    /** Packets that the kernel dropped: the buffer was full. */
    kernel_drops: number;
    /** Encoders that were followed to another address. */
    rebinds: number;
    /** Encoders that were refused, by reject code (docs/ingestion.md). */
    refused: Record<string, number>;
    /** Callers of addresses that were refused too often in a second. */
    unanswered: number;
    /** Connections whose worker was lost: refused, silent, left. */
    workers_lost: Record<string, number>;
    /** How that ended: migrated, returned, shut_down, caller_gone. */
    moved: Record<string, number>;
  };
};

export type Key = {
  id: string;
  scopes: ('streams:read' | 'streams:write' | 'admin')[];
  /** From then on the key is refused; null: it does not expire. */
  not_after: string | null;
  /** null: RATE_LIMIT_PER_KEY counts. */
  requests_per_minute: number | null;
  /** Streams of this key that may be not STOPPED. */
  max_streams: number | null;
  starts_per_minute: number | null;
  created_at: string | null;
  /** Keys of the configuration cannot be deleted here. */
  source: 'configuration' | 'api';
};

export type CreatedKey = {
  id: string;
  scopes: ('streams:read' | 'streams:write' | 'admin')[];
  /** From then on the key is refused; null: it does not expire. */
  not_after: string | null;
  /** null: RATE_LIMIT_PER_KEY counts. */
  requests_per_minute: number | null;
  /** Streams of this key that may be not STOPPED. */
  max_streams: number | null;
  starts_per_minute: number | null;
  created_at: string | null;
  /** Keys of the configuration cannot be deleted here. */
  source: 'configuration' | 'api';
  /** Shown here alone. Requests of this key are signed with it. */
  secret: string;
};

export type WebhookDelivery = {
  delivery_id: string;
  /** The same in the webhook (`EventId`), for every attempt and redelivery. */
  event_id: string;
  url: string;
  /** null: the URL is one of the stream. */
  endpoint_id: string | null;
  redelivery: boolean;
  sequence: number;
  state: string;
  reason: string;
  /** `pending`: not tried yet. `retrying`: an attempt failed, more follow. `failed`: given up. `ended`: the receiver answered 410. */
  status: 'pending' | 'retrying' | 'delivered' | 'failed' | 'ended';
  attempts: number;
  created_at: string;
  last_attempt_at: string | null;
  next_attempt_at: string | null;
  /** How long the last attempt took. */
  duration_ms: number | null;
  /** null: no answer came; `error` says why. */
  response_status: number | null;
  /** The first 200 bytes of the last answer. */
  response_body: string;
  error: string | null;
};

export type WebhookEndpoint = {
  endpoint_id: string;
  url: string;
  /** States and reasons that are sent. Empty: every event. */
  events: string[];
  enabled: boolean;
  /** When its receiver answered 410, which switched it off. */
  ended_at: string | null;
  created_at: string;
  updated_at: string;
};

/** What each call takes and answers, by its operationId. */
export interface Operations {
  /** List streams, the latest first */
  listStreams: {
    params: Record<string, never>;
    query: {
      /** How many streams a page has at most. */
      limit?: number | undefined;
      /** The `next_cursor` of the page before. */
      cursor?: string | undefined;
      /** Streams in this state. Repeat it for several. */
      state?: ('INITIALISED' | 'READY' | 'STREAMING' | 'STOPPED')[] | undefined;
      /** Streams whose id or title has this in it, in small or large letters. */
      search?: string | undefined;
      /** Streams created at this time or later (RFC 3339). */
      created_after?: string | undefined;
      /** Streams created before this time (RFC 3339). */
      created_before?: string | undefined;
      /** Streams that have metadata of this name. */
      metadata_key?: string | undefined;
      /** With `metadata_key`: only where it has this value. */
      metadata_value?: string | undefined;
    };
    body: undefined;
    answer: {
      data: Stream[];
      /** `cursor` of the next page; null: this is the last. */
      next_cursor: string | null;
    };
  };
  /** Start a stream */
  createStream: { params: Record<string, never>; query: Record<string, never>; body: StartStream; answer: Stream };
  /** Show a stream */
  getStream: {
    params: {
      stream_id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: Stream;
  };
  /** Change the webhooks, the title, the metadata, or whether the stream is recorded */
  editStream: {
    params: {
      stream_id: string;
    };
    query: Record<string, never>;
    body: EditStream;
    answer: Stream;
  };
  /** Stop a stream */
  stopStream: {
    params: {
      stream_id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: Stream;
  };
  /** Stop a stream, with the end in the playlist at once */
  completeStream: {
    params: {
      stream_id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: Stream;
  };
  /** Make a new stream key */
  rotateKey: {
    params: {
      stream_id: string;
    };
    query: Record<string, never>;
    body: RotateKey;
    answer: Stream;
  };
  /** Make a token with which one viewer plays a signed stream */
  createPlaybackToken: {
    params: {
      stream_id: string;
    };
    query: Record<string, never>;
    body: CreatePlaybackToken;
    answer: PlaybackToken;
  };
  /** Show a stream's figures, second by second */
  getStreamStats: {
    params: {
      stream_id: string;
    };
    query: {
      /** How many samples, one a second, up to now. */
      seconds?: number | undefined;
    };
    body: undefined;
    answer: StreamStats;
  };
  /** Show the newest figures of every stream with an encoder */
  listStats: {
    params: Record<string, never>;
    query: Record<string, never>;
    body: undefined;
    answer: {
      data: {
        stream_id: string;
        run: string;
        sample: StreamSample;
        audience: Audience;
      }[];
    };
  };
  /** Show the last lines that workers logged about a stream */
  getStreamLog: {
    params: {
      stream_id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: {
      data: LogLine[];
    };
  };
  /** Follow a stream's changes as server-sent events */
  followStream: {
    params: {
      stream_id: string;
    };
    query: {
      /** A token of POST /v1/event-tokens, instead of a signature. */
      token?: string | undefined;
      /** The same as the header Last-Event-ID. */
      last_event_id?: string | undefined;
    };
    body: undefined;
    answer: undefined;
  };
  /** Follow the changes of all streams as server-sent events */
  followEvents: {
    params: Record<string, never>;
    query: {
      /** A token of POST /v1/event-tokens, instead of a signature. */
      token?: string | undefined;
      /** The same as the header Last-Event-ID. */
      last_event_id?: string | undefined;
      /** `webhook`: the data are the bodies that webhooks have. */
      format?: 'event' | 'webhook' | undefined;
    };
    body: undefined;
    answer: undefined;
  };
  /** Make a token with which a browser follows events */
  createEventToken: {
    params: Record<string, never>;
    query: Record<string, never>;
    body: {
      /** The one stream that it is good for. Default: all streams. */
      stream_id?: string | undefined;
      /** How long a connection may begin with it. An open one goes on. */
      seconds?: number | undefined;
    };
    answer: {
      token: string;
      /** What to open: path and query, with the token. */
      path: string;
      expires_at: string;
    };
  };
  /** List the live workers, the oldest first */
  listWorkers: {
    params: Record<string, never>;
    query: Record<string, never>;
    body: undefined;
    answer: {
      data: Worker[];
    };
  };
  /** Drain a worker, or let it take streams again */
  drainWorker: {
    params: {
      worker_id: string;
    };
    query: Record<string, never>;
    body: Drain;
    answer: Worker;
  };
  /** List the nodes of the last 30 days, by name */
  listNodes: {
    params: Record<string, never>;
    query: Record<string, never>;
    body: undefined;
    answer: {
      data: Node[];
    };
  };
  /** Drain a node, or let it take streams again */
  drainNode: {
    params: {
      node: string;
    };
    query: Record<string, never>;
    body: Drain;
    answer: Node;
  };
  /** List the live routers, the oldest first */
  listRouters: {
    params: Record<string, never>;
    query: Record<string, never>;
    body: undefined;
    answer: {
      data: Router[];
    };
  };
  /** List the API keys, without their secrets */
  listKeys: {
    params: Record<string, never>;
    query: Record<string, never>;
    body: undefined;
    answer: {
      data: Key[];
    };
  };
  /** Make an API key */
  createKey: { params: Record<string, never>; query: Record<string, never>; body: NewKey; answer: CreatedKey };
  /** Revoke an API key */
  deleteKey: {
    params: {
      id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: undefined;
  };
  /** Show what became of a stream's webhooks */
  listWebhookDeliveries: {
    params: {
      stream_id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: {
      data: WebhookDelivery[];
    };
  };
  /** Send a stream's webhooks that were given up once more */
  redeliverFailedWebhooks: {
    params: {
      stream_id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: {
      redelivered: number;
    };
  };
  /** Send the event of a delivery once more, to the same URL */
  redeliverWebhook: {
    params: {
      stream_id: string;
      delivery_id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: {
      redelivered: number;
    };
  };
  /** List the receivers of all streams' events */
  listWebhookEndpoints: {
    params: Record<string, never>;
    query: Record<string, never>;
    body: undefined;
    answer: {
      data: WebhookEndpoint[];
    };
  };
  /** Add a receiver of all streams' events */
  createWebhookEndpoint: {
    params: Record<string, never>;
    query: Record<string, never>;
    body: NewWebhookEndpoint;
    answer: WebhookEndpoint;
  };
  /** Show a webhook endpoint */
  getWebhookEndpoint: {
    params: {
      endpoint_id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: WebhookEndpoint;
  };
  /** Change a webhook endpoint */
  editWebhookEndpoint: {
    params: {
      endpoint_id: string;
    };
    query: Record<string, never>;
    body: EditWebhookEndpoint;
    answer: WebhookEndpoint;
  };
  /** Remove a webhook endpoint */
  deleteWebhookEndpoint: {
    params: {
      endpoint_id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: undefined;
  };
  /** Send a test event, and show what the receiver answered */
  testWebhookEndpoint: {
    params: {
      endpoint_id: string;
    };
    query: Record<string, never>;
    body: undefined;
    answer: WebhookDelivery;
  };
}

/** Where each call is. */
export const operations = {
  listStreams: { method: 'GET', path: '/v1/streams' },
  createStream: { method: 'POST', path: '/v1/streams' },
  getStream: { method: 'GET', path: '/v1/streams/{stream_id}' },
  editStream: { method: 'PATCH', path: '/v1/streams/{stream_id}' },
  stopStream: { method: 'DELETE', path: '/v1/streams/{stream_id}' },
  completeStream: { method: 'POST', path: '/v1/streams/{stream_id}/complete' },
  rotateKey: { method: 'POST', path: '/v1/streams/{stream_id}/key' },
  createPlaybackToken: { method: 'POST', path: '/v1/streams/{stream_id}/playback-tokens' },
  getStreamStats: { method: 'GET', path: '/v1/streams/{stream_id}/stats' },
  listStats: { method: 'GET', path: '/v1/stats' },
  getStreamLog: { method: 'GET', path: '/v1/streams/{stream_id}/log' },
  followStream: { method: 'GET', path: '/v1/streams/{stream_id}/events' },
  followEvents: { method: 'GET', path: '/v1/events' },
  createEventToken: { method: 'POST', path: '/v1/event-tokens' },
  listWorkers: { method: 'GET', path: '/v1/workers' },
  drainWorker: { method: 'PATCH', path: '/v1/workers/{worker_id}' },
  listNodes: { method: 'GET', path: '/v1/nodes' },
  drainNode: { method: 'PATCH', path: '/v1/nodes/{node}' },
  listRouters: { method: 'GET', path: '/v1/routers' },
  listKeys: { method: 'GET', path: '/v1/keys' },
  createKey: { method: 'POST', path: '/v1/keys' },
  deleteKey: { method: 'DELETE', path: '/v1/keys/{id}' },
  listWebhookDeliveries: { method: 'GET', path: '/v1/streams/{stream_id}/webhook-deliveries' },
  redeliverFailedWebhooks: { method: 'POST', path: '/v1/streams/{stream_id}/webhook-deliveries/redeliver' },
  redeliverWebhook: { method: 'POST', path: '/v1/streams/{stream_id}/webhook-deliveries/{delivery_id}/redeliver' },
  listWebhookEndpoints: { method: 'GET', path: '/v1/webhook-endpoints' },
  createWebhookEndpoint: { method: 'POST', path: '/v1/webhook-endpoints' },
  getWebhookEndpoint: { method: 'GET', path: '/v1/webhook-endpoints/{endpoint_id}' },
  editWebhookEndpoint: { method: 'PATCH', path: '/v1/webhook-endpoints/{endpoint_id}' },
  deleteWebhookEndpoint: { method: 'DELETE', path: '/v1/webhook-endpoints/{endpoint_id}' },
  testWebhookEndpoint: { method: 'POST', path: '/v1/webhook-endpoints/{endpoint_id}/test' },
} as const satisfies Record<keyof Operations, { method: string; path: string }>;
