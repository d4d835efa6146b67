import { unsafeSVG } from '/assets/lit-html/directives/unsafe-svg.js';
import { html } from '/assets/lit-html/lit-html.js';
import { renderSVG } from '/assets/uqr/index.mjs';
import { copyRow } from './parts.js';

/** Where and how to publish, ready to copy, and as a QR code for a phone's encoder. */
export function encoderSettings(url, notify) {
  return html`<div class="card settings">
    <h2>Publish to it</h2>
    ${copyRow('SRT URL', url, notify)}
    <p class="soft">OBS: Settings, Stream, Service <em>Custom…</em>. Paste this as the server. Leave the stream key empty.</p>
    ${copyRow('FFmpeg', ffmpegCommand(url), notify)} ${copyRow('GStreamer', gstreamerCommand(url), notify)}
    <details>
      <summary>QR code of the SRT URL</summary>
      <div class="qr" role="img" aria-label="QR code of the SRT URL">${unsafeSVG(renderSVG(url, { ecc: 'L', border: 2 }))}</div>
    </details>
  </div>`;
}

const encode = 'libx264 -preset veryfast -tune zerolatency -g 60 -c:a aac';

const ffmpegCommand = url => `ffmpeg -re -i show.mp4 -c:v ${encode} -f mpegts "${url}"`;

const gstreamerCommand = url =>
  'gst-launch-1.0 -e videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=60 ! h264parse ! mpegtsmux alignment=7 name=mux ! ' +
  `srtsink uri="${url}" audiotestsrc is-live=true ! avenc_aac ! mux.`;
