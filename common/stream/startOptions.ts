import type { StreamLatency } from './streamLatency.ts';
import type { StreamMetadata } from './streamMetadata.ts';
import type { StreamPlayback } from './streamPlayback.ts';
import { isLadder, type StreamProfile } from './streamProfile.ts';

/** Who starts a stream, and how many the caller may have. */
export interface StartQuota {
  /** Id of the API key. */
  keyId: string;
  /** The most streams of this key that may be not STOPPED. */
  maxStreams?: number | undefined;
  startsPerMinute?: number | undefined;
}

export interface StartOptions {
  profile: StreamProfile;
  webhookUrls: readonly string[];
  /** The most streams of the cluster that may be not STOPPED; 0 or absent: any number. */
  maxStreams?: number;
  /** Keeps every segment and makes a recording at the end. */
  record?: boolean;
  /** Viewers can rewind to the beginning while the stream is live. */
  dvr?: boolean;
  /** Default: standard. */
  latency?: StreamLatency;
  /** Where viewers get its parts; of a stream with low latency. */
  lowLatencyLink?: string;
  /** Who may play it. Default: public. */
  playback?: StreamPlayback;
  /** The encoder must have it, too; absent: the stream is not encrypted. */
  passphrase?: string;
  title?: string;
  metadata?: StreamMetadata;
  /** In place of the worker's settings. */
  connectTimeoutSeconds?: number;
  reconnectTimeoutSeconds?: number;
  /** The run is stopped so long after its first encoder connected. */
  maxDurationSeconds?: number;
  quota?: StartQuota;
  /** Of the request, where it has an Idempotency-Key: the same one finds its stream again. */
  startedBy?: string;
  /** The traceparent of that request, where it is traced. */
  trace?: string | undefined;
}

/** The options as the record's fields: name, value, name, value. What is not set is not there. */
export function startFields(options: StartOptions): string[] {
  const { profile, latency = 'standard', playback = 'public', passphrase, title, metadata, quota, startedBy } = options;
  const flag = (on: boolean | undefined): string => (on ? '1' : '0');
  const fields = {
    profile,
    latency,
    playback,
    lowLatencyLink: options.lowLatencyLink,
    abr: flag(isLadder(profile)),
    record: flag(options.record),
    dvr: flag(options.dvr),
    webhookUrls: JSON.stringify(options.webhookUrls),
    passphrase,
    title,
    metadata: metadata && JSON.stringify(metadata),
    connectTimeoutSeconds: options.connectTimeoutSeconds?.toString(),
    reconnectTimeoutSeconds: options.reconnectTimeoutSeconds?.toString(),
    maxDurationSeconds: options.maxDurationSeconds?.toString(),
    startedBy,
    trace: options.trace,
    keyId: quota?.keyId,
  };
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
}
