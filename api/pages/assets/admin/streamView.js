import { html } from '/assets/lit-html/lit-html.js';
import { chartList } from './charts.js';
import { deliveryTable } from './deliveries.js';
import { encoderSettings } from './encoderSettings.js';
import { bitRate, clock, duration, milliseconds, secondsSince } from './format.js';
import { figure, healthBadge, problemList, stateBadge } from './parts.js';
import { playlistTable } from './playlistTable.js';

/** The page of one stream, from what is known of it. */
export function streamView(data, app) {
  const { stream, problem } = data;
  if (!stream) {
    return html`<section class="empty card"><h1>${problem ? 'This stream cannot be shown' : 'Loading…'}</h1><p>${problem}</p></section>`;
  }
  const isOver = stream.state === 'STOPPED';
  return html`<section aria-labelledby="heading">
    <p><a href="/admin">← All streams</a></p>
    <div class="head">
      <h1 id="heading">${stream.title || stream.stream_id}</h1>
      ${stateBadge(stream)} ${healthBadge(stream)} ${actions(stream, app)}
    </div>
    <p class="soft">${stream.update}</p>
    ${stream.state === 'STREAMING' ? problemList(stream.health?.problems ?? []) : null}
    <div class="two">
      <div class="stage" ?hidden=${isOver}>
        <video muted playsinline controls aria-label="The picture as viewers have it"></video>
      </div>
      <div class="card facts">${facts(stream, data.samples.at(-1))}</div>
    </div>
    ${refusal(stream)} ${isOver || !stream.srt_url ? null : encoderSettings(stream.srt_url, app.notify)}
    <h2>Last 15 minutes</h2>
    <div class="charts">
      ${chartList.map(({ title }) => html`<figure class="card"><figcaption>${title}</figcaption><div class="chart"></div></figure>`)}
    </div>
    <div class="two">
      <div class="card"><h2>What happened</h2>${timeline(data.events)}</div>
      <div class="card scroll" tabindex="0" aria-label="Playlist">${playlistTable(data.segments)}</div>
    </div>
    <div class="card scroll" tabindex="0" aria-label="Webhook deliveries">
      <h2>Webhook deliveries</h2>
      ${deliveryTable(data.deliveries, app.canChange ? each => app.redeliver(stream, each) : undefined)}
    </div>
  </section>`;
}

function actions(stream, { canChange, stop, renewKey }) {
  const { stream_id: id, state, stopping, recording_link: recording } = stream;
  const isOver = state === 'STOPPED';
  return html`<div class="actions">
    ${recording ? html`<a class="button" href=${recording}>Recording</a>` : null}
    ${isOver ? null : html`<a class="button" href="/watch/${id}">Watch page</a>`}
    ${
      canChange && !isOver
        ? html`<button type="button" @click=${() => renewKey(stream)}>New key</button>
            <button class="danger" type="button" ?disabled=${stopping} @click=${() => stop(stream)}>Stop</button>`
        : null
    }
  </div>`;
}

function facts(stream, sample) {
  const live = stream.state === 'STREAMING' ? sample : undefined;
  return html`<div class="figures">
    ${figure('Id', stream.stream_id)} ${figure('Reason', stream.reason)} ${figure('Profile', stream.profile)}
    ${figure('Latency', stream.latency)} ${figure('Worker', stream.worker ?? undefined)}
    ${figure('Encoder', stream.encoder?.address)} ${figure('Started', clock(stream.created_at))}
    ${figure('Up', stream.state === 'STOPPED' ? undefined : duration(secondsSince(stream.created_at)))}
    ${figure('Bit rate', live && bitRate(live.receive_kbps))} ${figure('Round trip', live && milliseconds(live.rtt_ms))}
    ${figure('Speed', live && live.speed > 0 ? `${live.speed.toFixed(2)}×` : undefined)}
    ${figure('Key frames', live && live.key_frame_seconds > 0 ? `${live.key_frame_seconds.toFixed(1)} s apart` : undefined)}
    ${figure('Waiting uploads', live?.backlog_segments)}
    ${figure('Renditions', live?.rendition_kbps.map(bitRate).join(', ') || undefined)}
    ${figure('Record', stream.record ? 'yes' : 'no')} ${figure('Fallback', stream.fallback ?? undefined)}
  </div>`;
}

function refusal({ last_refusal: last }) {
  if (!last) return null;
  return html`<p class="card warning">
    <strong>An encoder was refused</strong> (${last.count} in this run, the last at ${clock(last.at)} from ${last.peer}):
    ${last.message} (code ${last.code})
  </p>`;
}

function timeline(events) {
  if (events.length === 0) return html`<p class="soft">Nothing yet.</p>`;
  return html`<ol class="timeline">
    ${events.toReversed().map(
      ({ time, state, reason, update }) => html`<li data-state=${state}>
        <time datetime=${time}>${clock(time)}</time> <strong>${reason}</strong>
        <span class="soft">${update}</span>
      </li>`,
    )}
  </ol>`;
}
