import { html } from '/assets/lit-html/lit-html.js';
import { bytes, duration, percent, secondsSince } from './format.js';
import { figure } from './parts.js';

/** The workers: what each runs, and whether it takes more. */
export function workersPage({ store, canChange, drain }) {
  const { workers } = store;
  return html`<section aria-labelledby="heading">
    <div class="head">
      <h1 id="heading">Workers</h1>
      <p class="soft">${summary(workers)}</p>
    </div>
    ${workers.length === 0 ? html`<p class="empty card">No worker runs. Streams wait until one is started.</p>` : null}
    <ul class="workers">
      ${workers.map(worker => workerCard(worker, canChange ? drain : undefined))}
    </ul>
    ${store.routers.length === 0 ? null : routers(store.routers)}
  </section>`;
}

/** What encoders call in place of workers. */
function routers(list) {
  return html`<h2>Routers</h2>
    <ul class="workers">${list.map(routerCard)}</ul>`;
}

function routerCard({ id, address, port, version, connections, since, totals }) {
  const refused = Object.values(totals.refused).reduce((sum, count) => sum + count, 0);
  return html`<li class="card worker">
    <h3>${id}</h3>
    <div class="figures">
      ${figure('Connections', connections)} ${figure('Address', `${address}:${port}`)}
      ${figure('From encoders', bytes(totals.bytes_up))} ${figure('Refused', refused)}
      ${figure('Dropped by the kernel', totals.kernel_drops)} ${figure('Moved to another worker', totals.moved.migrated ?? 0)}
      ${figure('Version', version)} ${figure('Up', duration(secondsSince(since)))}
    </div>
  </li>`;
}

function summary(workers) {
  const slots = workers.reduce((sum, { slots: each }) => sum + each, 0);
  const used = workers.reduce((sum, { units_used: each }) => sum + each, 0);
  return `${round(used)} of ${slots} units in use`;
}

function workerCard(worker, drain) {
  const { id, node, version, streams, slots, units_used: used, load, since, staying } = worker;
  return html`<li class="card worker">
    <h2>${id}</h2>
    ${stateOf(worker)}
    <label class="meter">Units: ${round(used)} of ${slots}
      <meter min="0" max=${slots} high=${slots * 0.9} value=${used}></meter>
    </label>
    <div class="figures">
      ${figure('Streams', streams)} ${figure('Node', node)} ${figure('Host load', percent(load.cpu))}
      ${figure('Event loop', `${Math.round(load.event_loop_ms)} ms`)}
      ${figure('Slowest encode', load.slowest_encode === null ? undefined : `${load.slowest_encode.toFixed(2)}×`)}
      ${figure('Behind', load.behind_seconds === null ? undefined : `${load.behind_seconds.toFixed(1)} s`)}
      ${figure('Spool', load.spool_used_bytes === null ? undefined : bytes(load.spool_used_bytes))}
      ${figure('Disk free', bytes(load.spool_free_bytes))} ${figure('Version', version)}
      ${figure('Up', duration(secondsSince(since)))}
    </div>
    ${staying ? html`<p class="soft">${staying}</p>` : null} ${drain ? drainButtons(worker, drain) : null}
  </li>`;
}

/** A worker whose node is drained takes streams again when the node does. */
function drainButtons(worker, drain) {
  const { id, node, drained_by: by } = worker;
  const button = (text, change) => html`<button type="button" @click=${() => drain(change)}>${text}</button>`;
  if (by === 'node') return button('Take streams again: whole node', { node, draining: false });
  if (by === 'worker') return button('Take streams again', { id, draining: false });
  return html`<div class="actions">
    ${button('Drain', { id, draining: true })} ${button('Drain its node', { node, draining: true })}
  </div>`;
}

function stateOf({ draining, drained, busy, full }) {
  if (drained) return html`<span class="badge" data-health="warn">Drained</span>`;
  if (draining) return html`<span class="badge" data-health="warn">Draining</span>`;
  if (busy) return html`<span class="badge" data-health="warn">${busy}</span>`;
  return full
    ? html`<span class="badge" data-health="warn">Full</span>`
    : html`<span class="badge" data-health="good">Takes streams</span>`;
}

const round = value => Math.round(value * 100) / 100;
