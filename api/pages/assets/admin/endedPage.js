import { html } from '/assets/lit-html/lit-html.js';
import { clock, duration } from './format.js';

/** The streams that have ended in the last three days, found by a part of their id or title. */
export function endedPage({ store, query, setQuery }) {
  const wanted = query.trim().toLowerCase();
  const found = store.ended.filter(({ stream_id: id, title }) => `${id} ${title ?? ''}`.toLowerCase().includes(wanted));
  return html`<section aria-labelledby="heading">
    <div class="head">
      <h1 id="heading">Ended streams</h1>
      <p class="soft">Of the last three days.</p>
    </div>
    <label class="search">Search by id or title
      <input type="search" .value=${query} @input=${({ target }) => setQuery(target.value)} />
    </label>
    ${found.length === 0 ? html`<p class="empty card">${wanted ? 'No ended stream matches.' : 'No stream has ended.'}</p>` : null}
    <ul class="streams">
      ${found.map(endedRow)}
    </ul>
  </section>`;
}

function endedRow({ stream_id: id, title, update, reason, created_at: begun, updated_at: over, recording_link: link }) {
  const lasted = (Date.parse(over) - Date.parse(begun)) / 1_000;
  return html`<li class="stream ended card">
    <div class="what">
      <a href="/admin/streams/${id}">${title || id}</a>
      <p class="soft">${update ?? reason}</p>
    </div>
    <p class="soft">${clock(begun)}, for ${duration(lasted)}</p>
    ${link ? html`<a class="button" href=${link}>Recording</a>` : html`<span class="soft">No recording</span>`}
  </li>`;
}
