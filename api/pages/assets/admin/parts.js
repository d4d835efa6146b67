import { html } from '/assets/lit-html/lit-html.js';

const labels = { INITIALISED: 'Starting', READY: 'Waiting for the encoder', STREAMING: 'Live', STOPPED: 'Ended' };

/** A stream's state in words; the colour only underlines it. */
export function stateBadge({ state, stopping }) {
  return html`<span class="badge" data-state=${state}>${stopping ? 'Stopping' : (labels[state] ?? state)}</span>`;
}

/** One word for a list: how many things are wrong; '' while there is no encoder to judge. */
export function healthBadge({ state, health }) {
  if (state !== 'STREAMING' || !health) return null;
  const { length } = health.problems;
  if (length === 0) return html`<span class="badge" data-health="good">Healthy</span>`;
  return html`<span class="badge" data-health="bad">${length === 1 ? '1 problem' : `${length} problems`}</span>`;
}

/** What is wrong, whose fault, and what to do. */
export function problemList(problems) {
  if (problems.length === 0) return null;
  return html`<ul class="problems" aria-label="Problems">
    ${problems.map(
      ({ message, advice, fault }) => html`<li>
        <strong>${message}.</strong> <span>${advice}.</span> <span class="fault">Fault: ${fault}</span>
      </li>`,
    )}
  </ul>`;
}

/** A figure with its name. */
export const figure = (name, value) =>
  html`<div class="figure"><span class="name">${name}</span><span class="value">${value ?? '–'}</span></div>`;

/** A text that can be copied, with a button that does. */
export function copyRow(name, text, notify) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      notify(`${name} copied.`);
    } catch {
      notify('The browser does not let this page copy. Select the text instead.');
    }
  };
  return html`<div class="copy">
    <span class="name">${name}</span>
    <code tabindex="0">${text}</code>
    <button type="button" @click=${copy} aria-label="Copy ${name}">Copy</button>
  </div>`;
}

/** The poster beside the playlist; the image is left out where there is none. */
export function poster({ stream_link: link, stream_id: id }) {
  const hide = ({ target }) => target.classList.add('missing');
  const show = ({ target }) => target.classList.remove('missing');
  return html`<span class="poster">
    ${
      link
        ? html`<img src=${new URL('poster.jpg', localLink(link))} alt="" loading="lazy" @error=${hide} @load=${show} data-id=${id} />`
        : null
    }
  </span>`;
}

/** A link into this host's own store by the name that the reader used for the host. */
export function localLink(link) {
  const url = new URL(link);
  return url.pathname.startsWith('/video/') ? new URL(url.pathname, location.origin) : url;
}
