import { html } from '/assets/lit-html/lit-html.js';
import { chartList } from './charts.js';
import { deliveryTable } from './deliveries.js';
import { embedSnippet } from './embedSnippet.js';
import { encoderSettings } from './encoderSettings.js';
import { bitRate, clock, duration, milliseconds, secondsSince } from './format.js';
import { logTable } from './logTable.js';
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
      <div class="card facts">${facts(stream, data.samples.at(-1), data.audience)}</div>
    </div>
    ${lastError(stream)} ${refusal(stream)} ${isOver || !stream.srt_url ? null : encoderSettings(stream.srt_url, app.notify)}
    ${embedSnippet(stream, app.embedOrigins, app.notify)}
    <h2>Last 15 minutes</h2>
    <div class="charts">
      ${chartList.map(({ title }) => html`<figure class="card"><figcaption>${title}</figcaption><div class="chart"></div></figure>`)}
    </div>
    <div class="two">
      <div class="card"><h2>What happened</h2>${timeline(data.events)}</div>
      <div class="card scroll" tabindex="0" aria-label="Playlist">${playlistTable(data.segments, data.samples)}</div>
    </div>
    <div class="card scroll" tabindex="0" aria-label="Webhook deliveries">
      <h2>Webhook deliveries</h2>
      ${deliveryTable(data.deliveries, app.canChange ? each => app.redeliver(stream, each) : undefined)}
    </div>
    <div class="card scroll" tabindex="0" aria-label="Log">
      <h2>Last lines of the log</h2>
      ${logTable(data.log)}
    </div>
  </section>`;
}

function actions(stream, { canChange, stop, renewKey, openStart }) {
  const { stream_id: id, state, stopping, recording_link: recording } = stream;
  const isOver = state === 'STOPPED';
  return html`<div class="actions">
    ${recording ? html`<a class="button" href=${recording}>Recording</a>` : null}
    <a class="button" href="/watch/${id}">Watch page</a>
    ${canChange && isOver ? html`<button type="button" @click=${() => openStart(stream)}>Start again</button>` : null}
    ${
      canChange && !isOver
        ? html`<button type="button" @click=${() => renewKey(stream)}>New key</button>
            <button class="danger" type="button" ?disabled=${stopping} @click=${() => stop(stream)}>Stop</button>`
        : null
    }
  </div>`;
}

function facts(stream, sample, audience) {
  const live = stream.state === 'STREAMING' ? sample : undefined;
  const seen = stream.state === 'STOPPED' ? undefined : audience;
  return html`<div class="figures">
    ${figure('Id', stream.stream_id)} ${figure('Reason', stream.reason)} ${figure('Profile', stream.profile)}
    ${figure('Latency', stream.latency)} ${figure('Worker', stream.worker ?? undefined)}
    ${figure('Encoder', stream.encoder?.address)} ${figure('Started', clock(stream.created_at))}
    ${figure('Up', stream.state === 'STOPPED' ? undefined : duration(secondsSince(stream.created_at)))}
    ${figure('Bit rate', live && bitRate(live.receive_kbps))} ${figure('Round trip', live && milliseconds(live.rtt_ms))}
    ${figure('Speed', live && live.speed > 0 ? `${live.speed.toFixed(2)}×` : undefined)}
    ${figure('Key frames', live && live.key_frame_seconds > 0 ? `${live.key_frame_seconds.toFixed(1)} s apart` : undefined)}
    ${figure('Waiting uploads', live?.backlog_segments)}
    ${figure('Source', live && sourceText(stream.input))} ${figure('Renditions', live && renditionsText(stream, live))}
    ${figure('Viewers', seen?.viewers)} ${figure('Stalls', seen && `${seen.stalls_per_minute} a minute`)}
    ${figure('Player errors', seen && `${seen.errors_per_minute} a minute`)}
    ${figure('Join time', typeof seen?.join_ms_p50 === 'number' ? milliseconds(seen.join_ms_p50) : undefined)}
    ${figure('Record', stream.record ? 'yes' : 'no')} ${figure('Fallback', stream.fallback ?? undefined)}
  </div>`;
}

const sizeText = ({ width, height }) => (width && height ? `${width}×${height}` : '');

function sourceText(input) {
  if (!input) return undefined;
  return [input.video_codec, sizeText(input), input.audio_codec ?? 'no audio'].filter(Boolean).join(', ');
}

/** Sizes from the record, rates as they are now. */
function renditionsText({ renditions }, { rendition_kbps: rates }) {
  const each = rates.map((kbps, i) => [sizeText(renditions[i] ?? {}), bitRate(kbps)].filter(Boolean).join(' at '));
  return each.join('; ') || undefined;
}

function lastError({ last_error: last }) {
  if (!last) return null;
  return html`<p class="card warning">
    <strong>Last error</strong> (${clock(last.at)}): ${last.message}
    <a href="/docs/errors#${last.code}">What to do</a>
  </p>`;
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
