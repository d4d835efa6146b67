/**
 * hls.js's settings by the stream's latency, in target durations behind the playlist's end. Further behind than the maximum, the viewer is
 * taken to the live edge instead of trailing for ever. A target duration passes between two segments and up to half of one until hls.js
 * sees the new one, so two leave half of one for the network.
 */
const settings = {
  standard: { liveSyncDurationCount: 3, liveMaxLatencyDurationCount: 8 },
  // Plays a little faster while it is behind: what the start, or a stall, has cost.
  reduced: { liveSyncDurationCount: 2, liveMaxLatencyDurationCount: 6, maxLiveSyncPlaybackRate: 1.1 },
  // The playlist says how far behind its end viewers are to be (PART-HOLD-BACK); hlsSource.js keeps them there. While a worker is replaced
  // requests are held, and refused after some seconds: that is no reason to give up.
  low: {
    lowLatencyMode: true,
    playlistLoadPolicy: {
      default: {
        maxTimeToFirstByteMs: 12_000,
        maxLoadTimeMs: 20_000,
        timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 0 },
        errorRetry: { maxNumRetry: 20, retryDelayMs: 500, maxRetryDelayMs: 1_000 },
      },
    },
  },
};

/** @param {{latency?: string, dvr?: boolean}} stream where viewers may rewind, nothing takes them back to the live edge */
export function latencySettings({ latency = 'standard', dvr = false }) {
  const own = settings[latency] ?? settings.standard;
  return dvr && own !== settings.low ? { ...own, liveMaxLatencyDurationCount: Number.POSITIVE_INFINITY } : own;
}
