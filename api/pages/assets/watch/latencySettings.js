/**
 * hls.js's settings by the stream's latency, in target durations behind the playlist's end. Further behind than the maximum, the viewer is
 * taken to the live edge instead of trailing for ever. A target duration passes between two segments and up to half of one until hls.js
 * sees the new one, so two leave half of one for the network.
 */
const settings = {
  standard: { liveSyncDurationCount: 3, liveMaxLatencyDurationCount: 8 },
  // Plays a little faster while it is behind: what the start, or a stall, has cost.
  reduced: { liveSyncDurationCount: 2, liveMaxLatencyDurationCount: 6, maxLiveSyncPlaybackRate: 1.1 },
};

/** @param {{latency?: string, dvr?: boolean}} stream where viewers may rewind, nothing takes them back to the live edge */
export function latencySettings({ latency = 'standard', dvr = false }) {
  const own = settings[latency] ?? settings.standard;
  return dvr ? { ...own, liveMaxLatencyDurationCount: Number.POSITIVE_INFINITY } : own;
}
