import { html } from '/assets/lit-html/lit-html.js';
import { copyRow } from './parts.js';

/** What to put into a page of one's own, for the sites that may. @param sites EMBED_ORIGINS; none: nothing is shown */
export function embedSnippet({ stream_id: id }, sites, notify) {
  if (sites.length === 0) return null;
  const where = sites.includes('*') ? 'For every site.' : `For pages of ${sites.join(', ')}.`;
  return html`<div class="card settings">
    <h2>Show it in a page</h2>
    <p class="soft">${where}</p>
    ${copyRow('HTML', frameOf(id), notify)}
  </div>`;
}

const frameOf = id =>
  `<iframe src="${location.origin}/embed/${id}" title="Live stream" width="640" height="360" style="border: 0" ` +
  'allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>';
