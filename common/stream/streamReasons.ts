/**
 * Every reason of an event, with what it means: the webhook field `Reason`, and `reason` in the API. The one list; a test
 * compares docs/events.md with it.
 */
export const streamReasons = {
  created: 'The stream was created. It waits for a worker.',
  no_capacity:
    'No worker has a free slot. The stream waits for one; a new stream is STOPPED after START_TIMEOUT_SECONDS.',
  listening: 'A worker listens for the encoder at `SrtUrl`.',
  encoder_connected: 'The encoder is connected.',
  playable: 'The first playlist is in the store. `StreamLink` plays.',
  encoder_gone: 'The encoder is gone. The worker waits for it, with the same port and key.',
  encoder_refused: 'An encoder was refused; `Update` says why. The state stays. At most one such event in 10 s.',
  key_rotated: 'A new stream key was made, as the app requested. `SrtUrl` has it. The state stays.',
  key_revoked:
    'The key or passphrase of the encoder was revoked, so it was disconnected. The worker waits for one with the new key.',
  input_invalid: 'What the encoder sent cannot be decoded. The worker closed the connection and waits for another one.',
  source_fallback:
    'The source cannot be passed on, so it is transcoded. `Update` says why; `fallback` of the stream is the machine word.',
  source_restored: 'The source is passed on again.',
  ingest_degraded:
    'Something is wrong with the stream; `Update` says what, how much, since when, whose fault it is and what to do. The state stays.',
  ingest_recovered: 'What `ingest_degraded` has reported is over. The state stays.',
  segments_dropped: 'Segments were dropped before they could be stored. The playlist lists a gap.',
  webhook_ended: 'A webhook receiver of the stream answered 410. No more events go to that URL. The state stays.',
  worker_lost: 'Another worker took the stream over from one that died or was cut off. `SrtUrl` may be another.',
  handed_over: 'Another worker took the stream over from one that was stopped. `SrtUrl` may be another.',
  user_stop: 'The app asked for the stop.',
  completed: 'The app asked for the end at once (`POST …/complete`).',
  max_duration: 'The stream was on the air for its `max_duration_seconds`.',
  connect_timeout: 'No encoder connected in CONNECT_TIMEOUT_SECONDS.',
  reconnect_timeout: 'The encoder did not come back in RECONNECT_TIMEOUT_SECONDS.',
  ports_exhausted: 'No UDP port of SRT_PORTS was free.',
  listener_error: 'The SRT listener could not be opened.',
  key_error: 'The stream key could not be made.',
  transcode_error: 'FFmpeg failed more often than RESTART_LIMIT allows.',
  storage_error: 'The store refused the segments, or the spool could not be written.',
  internal_error: 'Livetran failed. The log of the worker says where.',
} as const;
