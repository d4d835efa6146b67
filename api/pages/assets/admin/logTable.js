import { html } from '/assets/lit-html/lit-html.js';
import { clock } from './format.js';

/** What workers logged about a stream, newest first. */
export function logTable(lines) {
  if (lines.length === 0) return html`<p class="soft">No line in the last day.</p>`;
  return html`<ol class="timeline log">
    ${lines.toReversed().map(
      ({ time, level, message, details }) => html`<li data-level=${level}>
        <time datetime=${time}>${clock(time)}</time> <strong>${level === 'info' ? '' : level}</strong> ${message}
        ${details ? html`<code>${details}</code>` : null}
      </li>`,
    )}
  </ol>`;
}
