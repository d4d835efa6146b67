import { html, render } from '/assets/lit-html/lit-html.js';
import { clock, duration } from './format.js';
import { call } from './server.js';

const PAGE = 50;
/** A page of the API may be empty and have a next one. */
const PAGES = 10;
const TYPING_MS = 250;

/** The streams that have ended in the last three days, found by a part of their id or title. */
export class EndedPage {
  #root;
  #text = '';
  #found = [];
  #cursor = '';
  #isBusy = false;
  #problem = '';
  #asked = 0;
  #typing;

  mount(root) {
    this.#root = root;
    void this.#search();
  }

  unmount() {
    this.#asked = Number.NaN;
    clearTimeout(this.#typing);
  }

  #onInput({ target }) {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => {
      this.#text = target.value.trim();
      void this.#search();
    }, TYPING_MS);
  }

  async #search() {
    this.#found = [];
    this.#cursor = '';
    await this.#more();
  }

  /** The next streams. An answer that comes after another question was asked is dropped. */
  async #more() {
    this.#asked += 1;
    const mine = this.#asked;
    this.#isBusy = true;
    this.#problem = '';
    this.#show();
    try {
      const { data, cursor } = await findEnded(this.#text, this.#cursor);
      if (mine !== this.#asked) return;
      this.#found = [...this.#found, ...data];
      this.#cursor = cursor;
    } catch (error) {
      if (mine !== this.#asked) return;
      this.#problem = error.message;
    }
    this.#isBusy = false;
    this.#show();
  }

  #show() {
    const isEmpty = this.#found.length === 0 && !this.#isBusy && this.#problem === '';
    render(
      html`<section aria-labelledby="heading">
        <div class="head">
          <h1 id="heading">Ended streams</h1>
          <p class="soft">Of the last three days.</p>
        </div>
        <label class="search">Search by id or title
          <input type="search" @input=${event => this.#onInput(event)} />
        </label>
        <p class="problem" role="alert">${this.#problem}</p>
        ${isEmpty ? html`<p class="empty card">${this.#text ? 'No ended stream matches.' : 'No stream has ended.'}</p>` : null}
        <ul class="streams" aria-busy=${this.#isBusy}>${this.#found.map(endedRow)}</ul>
        ${
          this.#cursor === ''
            ? null
            : html`<p class="more"><button type="button" ?disabled=${this.#isBusy} @click=${() => this.#more()}>Show more</button></p>`
        }
      </section>`,
      this.#root,
    );
  }
}

/** The next ended streams behind a cursor, at least one where there is one. */
async function findEnded(text, from) {
  let cursor = from;
  for (let i = 0; i < PAGES; i += 1) {
    const query = new URLSearchParams({ state: 'STOPPED', limit: String(PAGE) });
    if (text) query.set('search', text);
    if (cursor) query.set('cursor', cursor);
    const { data, next_cursor: next } = await call('GET', `/v1/streams?${query}`);
    cursor = next ?? '';
    if (data.length > 0 || cursor === '') return { data, cursor };
  }
  return { data: [], cursor };
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
