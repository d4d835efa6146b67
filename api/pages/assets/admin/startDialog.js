import { html, render } from '/assets/lit-html/lit-html.js';
import { call } from './server.js';

const profiles = [
  ['', 'As the server has it'],
  ['transcode', 'Transcode: one quality'],
  ['passthrough', "Passthrough: the encoder's own picture"],
  ['ladder', 'Ladder: several qualities'],
  ['ladder-source', "Ladder with the encoder's picture on top"],
];

const latencies = [
  ['', 'Standard'],
  ['reduced', 'Reduced: shorter segments'],
  ['low', 'Low: parts of segments'],
];

/**
 * Asks for a new stream and starts it.
 * @param onStarted gets the stream
 * @param like a stream that has ended, to start the same again
 */
export function openStartDialog(onStarted, like = {}) {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-labelledby', 'start-heading');
  const state = { problem: '', isBusy: false };
  const show = () => render(form(state, like, { submit, cancel: () => dialog.close() }), dialog);
  const submit = async event => {
    event.preventDefault();
    Object.assign(state, { problem: '', isBusy: true });
    const body = requestOf(new FormData(event.target));
    show();
    try {
      const stream = await call('POST', '/v1/streams', body);
      dialog.close();
      onStarted(stream);
    } catch (error) {
      Object.assign(state, { problem: error.message, isBusy: false });
      show();
    }
  };
  dialog.addEventListener('close', () => dialog.remove());
  show();
  document.body.append(dialog);
  dialog.showModal();
}

/** What was left empty is left out: the server has its defaults. */
function requestOf(form) {
  const text = name => form.get(name).trim() || undefined;
  const on = name => (form.get(name) === 'on' ? true : undefined);
  return {
    ...{ stream_id: text('id'), title: text('title'), profile: text('profile'), latency: text('latency') },
    ...{ record: on('record'), dvr: on('dvr') },
  };
}

function form({ problem, isBusy }, like, { submit, cancel }) {
  return html`<form @submit=${submit}>
    <h2 id="start-heading">Start a stream</h2>
    <label>Id <input name="id" maxlength="64" pattern="[A-Za-z0-9_\\-]+" autocapitalize="none" placeholder="made by the server"
        value=${like.stream_id ?? ''} />
      <span>Letters, digits, - and _. Viewers see it in the address.</span></label>
    <label>Title <input name="title" maxlength="200" value=${like.title ?? ''} /></label>
    <label>Profile <select name="profile">
        ${profiles.map(([value, name]) => html`<option value=${value} ?selected=${value === like.profile}>${name}</option>`)}
      </select></label>
    <label>Latency <select name="latency">
        ${latencies.map(([value, name]) => html`<option value=${value} ?selected=${value === like.latency}>${name}</option>`)}
      </select></label>
    <label class="check"><input type="checkbox" name="record" ?checked=${like.record} /> Record</label>
    <label class="check"><input type="checkbox" name="dvr" ?checked=${like.dvr} /> Viewers can rewind to the beginning</label>
    <p class="problem" role="alert">${problem}</p>
    <div class="actions">
      <button type="button" @click=${cancel}>Cancel</button>
      <button class="primary" type="submit" ?disabled=${isBusy}>Start</button>
    </div>
  </form>`;
}
