import type { StartOptions } from '../../common/stream/startOptions.ts';
import { type RequestedProfile, resolveProfile } from '../../common/stream/streamProfile.ts';
import type { CreateRequest } from './schemas.ts';

/** What both forms of a start may say. null means absent. */
export type StartRequest = Omit<CreateRequest, 'stream_id'>;

/** @param fallback DEFAULT_PROFILE */
export function startOptionsOf(request: StartRequest, fallback: RequestedProfile): StartOptions {
  const options = {
    profile: resolveProfile(request, fallback),
    webhookUrls: [...new Set(request.webhook_urls)],
    record: request.record ?? false,
    dvr: request.dvr ?? false,
    latency: request.latency ?? 'standard',
    playback: request.playback ?? 'public',
    passphrase: request.passphrase,
    title: request.title,
    metadata: request.metadata,
    connectTimeoutSeconds: request.connect_timeout_seconds,
    reconnectTimeoutSeconds: request.reconnect_timeout_seconds,
    maxDurationSeconds: request.max_duration_seconds,
  };
  const set = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(set) as unknown as StartOptions;
}
