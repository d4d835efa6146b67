/** Who has to act: the API's caller, the streamer, the operator (configuration, host), the object store, or us. */
export type Blame = 'caller' | 'streamer' | 'operator' | 'storage' | 'us';

interface ErrorKind {
  /** HTTP status when this error ends a request. */
  status: number;
  /** Whether the same call can succeed later without any change. */
  retryable: boolean;
  blame: Blame;
  /** What happened, in a few words that are the same each time (`title` of a problem document). */
  title: string;
  /** What to do about it. */
  next: string;
}

const caller = (status: number, title: string, next: string) =>
  ({ status, retryable: false, blame: 'caller', title, next }) as const;

/**
 * Every error this project raises on purpose. A code is a public, stable machine word. docs/errors.md is written from this list:
 * `node scripts/docs/writeErrors.ts`.
 */
export const errorCatalogue = {
  signature_missing: caller(400, 'The request is not signed', 'Send the header LT-SIGNATURE (docs/authentication.md).'),
  signature_invalid: caller(403, 'The signature is wrong', 'Check the secret, the clock, and what is signed.'),
  signature_replayed: caller(403, 'The signature was used before', 'Sign each request anew.'),
  key_unknown: caller(403, 'There is no such API key', 'Use a key that exists: the header names it as k=<key id>.'),
  key_expired: caller(403, 'The API key has expired', 'Use another key; an operator makes one with POST /v1/keys.'),
  key_exists: caller(409, 'There is an API key of this id', 'Use another id, or none: one is made.'),
  key_configured: caller(
    409,
    'The API key is part of the configuration',
    'Remove it from API_KEYS, and restart the API.',
  ),
  key_not_found: caller(404, 'There is no such API key', 'Check the id; GET /v1/keys lists keys.'),
  delivery_not_found: caller(
    404,
    'There is no such delivery of a webhook',
    'Check the id; GET /v1/streams/{stream_id}/webhook-deliveries lists the last 100.',
  ),
  endpoint_not_found: caller(
    404,
    'There is no such webhook endpoint',
    'Check the id; GET /v1/webhook-endpoints lists endpoints.',
  ),
  worker_not_found: caller(404, 'There is no such live worker', 'Check the id; GET /v1/workers lists workers.'),
  node_not_found: caller(404, 'There is no such node', 'Check the name; GET /v1/nodes lists nodes.'),
  unauthorized: caller(401, 'The password or token is missing or wrong', 'Send the right one.'),
  forbidden: caller(
    403,
    'This caller may not do that',
    'Use a key with the scope that `detail` names, or another page.',
  ),
  playback_token_missing: caller(
    403,
    'The stream is signed, and the URL has no token',
    'Get the URL from the app that shows the stream; it has a token for each viewer.',
  ),
  playback_token_invalid: caller(
    403,
    'The playback token is expired, forged, or for another stream',
    'Get a new URL from the app that shows the stream.',
  ),
  request_malformed: caller(400, 'The request is not valid HTTP', 'Send a request that HTTP/1.1 allows.'),
  body_invalid: caller(400, 'The body breaks a rule', 'Mend the fields that `errors` lists, and send it again.'),
  field_unknown: caller(400, 'The body has a field that does not exist', 'Remove the field, or spell it as listed.'),
  parameter_invalid: caller(400, 'A parameter breaks a rule', 'Mend the parameters that `errors` lists.'),
  parameter_unknown: caller(400, 'The query has a parameter that does not exist', 'Remove it, or spell it as listed.'),
  webhook_refused: caller(400, 'A webhook URL may not be used', 'Use a URL with a public address.'),
  body_too_large: caller(413, 'The body is too large', 'Send less than the limit.'),
  headers_too_large: caller(431, 'The headers are too large', 'Send less than 16 kB of headers.'),
  media_type_unsupported: caller(
    415,
    'The body has an encoding that is not accepted',
    'Send plain JSON, uncompressed.',
  ),
  not_found: caller(404, 'There is nothing at this address', 'Check the path against /openapi.json.'),
  stream_not_found: caller(404, 'There is no such stream', 'Check the stream_id; GET /v1/streams lists streams.'),
  method_not_allowed: caller(405, 'The address does not take this method', 'Use a method of the header Allow.'),
  precondition_failed: caller(412, 'The file is another than the request names', 'Ask without If-Match.'),
  range_unsatisfiable: caller(416, 'The file is shorter than the range', 'Ask for a range that the file has.'),
  expectation_failed: caller(417, 'The request expects what is not offered', 'Leave the header Expect out.'),
  stream_running: caller(409, 'The stream is running', 'Stop it first, or use another stream_id.'),
  stream_stopped: caller(409, 'The stream is STOPPED', 'Start it again with POST /v1/streams.'),
  idempotency_key_reused: caller(
    422,
    'The Idempotency-Key belongs to another request',
    'Use a new key for each new request; repeat a request with the same body.',
  ),
  idempotency_key_in_use: {
    ...{ status: 409, retryable: true, blame: 'caller' },
    title: 'A request with this Idempotency-Key is under way',
    next: 'Send the same request again after Retry-After.',
  },
  recording_fixed: caller(
    409,
    'Whether the stream is recorded can no longer be changed',
    'Set `record` before the first encoder connects, or start the next run with it.',
  ),
  edit_conflict: {
    ...{ status: 409, retryable: true, blame: 'caller' },
    title: 'Too many calls change the stream at the same moment',
    next: 'Send the same request again.',
  },
  quota: {
    ...{ status: 429, retryable: true, blame: 'caller' },
    title: 'As many streams run as are allowed',
    next: 'Stop a stream, or start this one later.',
  },
  rate_limited: {
    ...{ status: 429, retryable: true, blame: 'caller' },
    title: 'Too many requests',
    next: 'Wait for Retry-After, then send it again.',
  },
  request_timeout: {
    ...{ status: 408, retryable: true, blame: 'caller' },
    title: 'The request did not arrive in time',
    next: 'Send the whole request within 30 s.',
  },
  stream_unreadable: {
    ...{ status: 409, retryable: false, blame: 'operator' },
    title: 'The record of the stream in Redis cannot be read',
    next: 'Delete the key that `detail` names, then start the stream again.',
  },
  no_worker: {
    ...{ status: 503, retryable: true, blame: 'operator' },
    title: 'No worker has done its part in time',
    next: 'Check that a worker runs (GET /v1/workers), then send the request again.',
  },
  redis_unavailable: {
    ...{ status: 503, retryable: true, blame: 'operator' },
    title: 'Redis does not answer',
    next: 'Try again in a few seconds. The operator checks Redis.',
  },
  config_invalid: {
    ...{ status: 500, retryable: false, blame: 'operator' },
    title: 'A setting is missing or wrong',
    next: 'Mend the settings that the message names (docs/configuration.md).',
  },
  dependency_missing: {
    ...{ status: 500, retryable: false, blame: 'operator' },
    title: 'A program or library is missing',
    next: 'Install what the message names.',
  },
  port_unavailable: {
    ...{ status: 500, retryable: true, blame: 'operator' },
    title: 'A port is in use or not allowed',
    next: 'Stop the other program, or set another port.',
  },
  origin_unavailable: {
    ...{ status: 503, retryable: true, blame: 'operator' },
    title: 'No worker has answered for the stream in time',
    next: 'Try again in a second. The operator checks that the workers run, and that this host reaches their origins.',
  },
  ports_exhausted: {
    ...{ status: 503, retryable: true, blame: 'operator' },
    title: 'No UDP port of SRT_PORTS is free',
    next: 'Stop a stream, or widen SRT_PORTS.',
  },
  listener_error: {
    ...{ status: 500, retryable: true, blame: 'operator' },
    title: 'The SRT listener could not be opened',
    next: 'Check SRT_BIND and the log of the worker.',
  },
  key_error: {
    ...{ status: 500, retryable: false, blame: 'operator' },
    title: 'The stream key could not be made',
    next: 'Check JWT_SECRET and the length of the stream_id.',
  },
  input_invalid: {
    ...{ status: 400, retryable: false, blame: 'streamer' },
    title: 'What the encoder sends cannot be decoded',
    next: 'Send MPEG-TS with H.264 or H.265 and AAC (docs/ingestion.md).',
  },
  transcode_error: {
    ...{ status: 500, retryable: true, blame: 'us' },
    title: 'FFmpeg failed too often',
    next: 'Start the stream again. The log of the worker says why FFmpeg failed.',
  },
  storage_error: {
    ...{ status: 502, retryable: true, blame: 'storage' },
    title: 'The store refuses objects, or the spool cannot be written',
    next: 'Check the store, its keys and the disk of the spool (docs/uploading.md).',
  },
  fenced: {
    ...{ status: 409, retryable: false, blame: 'us' },
    title: 'Another worker owns the stream',
    next: 'Nothing: the other worker goes on with it.',
  },
  internal_error: {
    ...{ status: 500, retryable: false, blame: 'us' },
    title: 'Livetran failed',
    next: 'Search the log of the server for `request_id`, and report the fault.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCatalogue;
