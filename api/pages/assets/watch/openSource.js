import { HlsSource } from './hlsSource.js';
import { HLS_TYPE, NativeSource } from './nativeSource.js';

/**
 * The source for a stream: hls.js where MediaSource exists, the browser's own HLS elsewhere (iPhone).
 * @returns {HlsSource | NativeSource | undefined} undefined: this browser plays no HLS
 */
export function openSource(video, stream, on) {
  if (window.Hls?.isSupported()) return new HlsSource(video, { ...stream, url: stream.liveUrl ?? stream.url }, on);
  // Parts of MPEG-TS were not tried there, and it asks for HTTP/2: it gets the playlist that it can play for certain.
  return video.canPlayType(HLS_TYPE) === '' ? undefined : new NativeSource(video, stream, on);
}
