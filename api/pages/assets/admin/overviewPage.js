import { repeat } from '/assets/lit-html/directives/repeat.js';
import { html } from '/assets/lit-html/lit-html.js';
import { age, bitRate, milliseconds, percent, secondsSince } from './format.js';
import { figure, healthBadge, poster, stateBadge } from './parts.js';
import { sparkline } from './sparkline.js';

/** The live streams, those with problems first, then the newest. */
export function overviewPage({ store, canChange, openStart }) {
  const live = store.live.toSorted(byNeed);
  const counts = countStates(live);
  return html`<section aria-labelledby="heading">
    <div class="head">
      <h1 id="heading">Live streams</h1>
      <p class="soft">${counts}</p>
      ${canChange ? html`<button class="primary" type="button" @click=${() => openStart()}>Start a stream</button>` : null}
    </div>
    ${
      live.length === 0
        ? html`<div class="empty card">
            <p>No stream is live.</p>
            ${canChange ? html`<p class="soft">Start one here, by the API, or with <code>./scripts/livetran start</code>.</p>` : null}
          </div>`
        : html`<ul class="streams">
            ${repeat(
              live,
              ({ stream_id }) => stream_id,
              stream =>
                streamRow(stream, store.samples.get(stream.stream_id) ?? [], store.audiences.get(stream.stream_id)),
            )}
          </ul>`
    }
  </section>`;
}

const need = ({ health, state }) => (state === 'STREAMING' && health?.problems.length ? 0 : 1);
const byNeed = (a, b) => need(a) - need(b) || b.created_at.localeCompare(a.created_at);

function countStates(live) {
  const streaming = live.filter(({ state }) => state === 'STREAMING').length;
  const bad = live.filter(stream => need(stream) === 0).length;
  const parts = [`${streaming} with an encoder`, `${live.length - streaming} without`];
  return bad > 0 ? `${parts.join(', ')}; ${bad} with problems` : parts.join(', ');
}

function streamRow(stream, samples, audience) {
  const { stream_id: id, title, update, worker, node, created_at: since, health } = stream;
  const sample = samples.at(-1);
  const rates = samples.map(({ receive_kbps }) => receive_kbps);
  const rate = sample && bitRate(sample.receive_kbps);
  const problem = stream.state === 'STREAMING' && health?.problems[0];
  return html`<li class="stream card">
    ${poster(stream)}
    <div class="what">
      <a href="/admin/streams/${id}">${title || id}</a>
      ${stateBadge(stream)} ${healthBadge(stream)}
      <p class="soft">${problem ? `${problem.message}.` : (update ?? '')}</p>
    </div>
    <div class="rate">
      ${sample ? sparkline(rates, { label: `Bit rate, now ${rate}`, slots: 30 }) : null}
      <span class="value">${rate ?? ''}</span>
    </div>
    <div class="figures">
      ${figure('Loss', sample && percent(share(sample)))} ${figure('RTT', sample && milliseconds(sample.rtt_ms))}
      ${figure('Speed', sample && sample.speed > 0 ? `${sample.speed.toFixed(2)}×` : undefined)}
      ${figure('Viewers', audience?.viewers)} ${figure('Stalls/min', audience?.stalls_per_minute)}
      ${figure('Worker', worker ? (node ?? worker) : undefined)} ${figure('Up', age(secondsSince(since)))}
    </div>
  </li>`;
}

const share = ({ packets_dropped: dropped, packets_lost: lost, packets }) =>
  Math.max(dropped, lost) / (packets + dropped || 1);
