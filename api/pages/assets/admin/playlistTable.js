import { html } from '/assets/lit-html/lit-html.js';
import { milliseconds } from './format.js';
import { segmentLags } from './segmentLag.js';

/** The segments of a media playlist (RFC 8216), oldest first: `{name, seconds, isGap, isDiscontinuity, time}`. */
export function parsePlaylist(text) {
  const segments = [];
  let next = {};
  for (const line of text.split('\n')) {
    if (line.startsWith('#EXTINF:')) next.seconds = Number.parseFloat(line.slice(8));
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) next.time = line.slice(25).trim();
    else if (line.startsWith('#EXT-X-GAP')) next.isGap = true;
    else if (line.trim() === '#EXT-X-DISCONTINUITY') next.isDiscontinuity = true;
    else if (line.trim() !== '' && !line.startsWith('#')) {
      segments.push({ ...next, name: line.trim() });
      next = {};
    }
  }
  return segments;
}

/** The address of the first rendition's media playlist in a multivariant one; undefined when `text` is a media playlist. */
export function firstRendition(text, url) {
  const lines = text.split('\n').map(line => line.trim());
  const at = lines.findIndex(line => line.startsWith('#EXT-X-STREAM-INF'));
  const uri = at < 0 ? undefined : lines.slice(at).find(line => line !== '' && !line.startsWith('#'));
  return uri === undefined ? undefined : new URL(uri, url);
}

/** The segments that viewers can fetch now, newest first. @param samples tell how long each took to be listed */
export function playlistTable(segments, samples) {
  if (segments.length === 0) return html`<p class="soft">No segment is listed.</p>`;
  const lags = segmentLags(segments, samples);
  const rows = segments.map((segment, i) => ({ ...segment, lag: lags[i] })).toReversed();
  return html`<table>
    <caption class="soft">In the playlist now, newest first</caption>
    <thead>
      <tr><th scope="col">Segment</th><th scope="col">Length</th><th scope="col">Began</th><th scope="col">Closed to listed</th><th scope="col">Note</th></tr>
    </thead>
    <tbody>
      ${rows.map(
        ({ name, seconds, time, lag, isGap, isDiscontinuity }) => html`<tr>
          <td>${name.split('/').at(-1)}</td>
          <td>${seconds.toFixed(2)} s</td>
          <td>${time ? new Date(time).toLocaleTimeString() : ''}</td>
          <td>${lag === undefined ? '–' : milliseconds(lag)}</td>
          <td>${[isGap && 'gap', isDiscontinuity && 'discontinuity'].filter(Boolean).join(', ')}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
