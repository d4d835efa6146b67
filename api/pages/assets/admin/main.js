import { html, render } from '/assets/lit-html/lit-html.js';
import { confirmDialog } from './confirmDialog.js';
import { EndedPage } from './endedPage.js';
import { overviewPage } from './overviewPage.js';
import { call } from './server.js';
import { openStartDialog } from './startDialog.js';
import { Store } from './store.js';
import { StreamPage } from './streamPage.js';
import { workersPage } from './workersPage.js';

const NOTICE_MS = 6_000;
/** Changes come in bursts; a page that is drawn twice a second is as fresh as people can read. */
const DRAW_MS = 500;

const byId = id => document.getElementById(id);
const store = new Store();
const links = [
  ['/admin', 'Live'],
  ['/admin/ended', 'Ended'],
  ['/admin/workers', 'Workers'],
];

let person;
/** A page that draws itself: a stream's, or that of the ended ones. */
let ownPage;
let drawing;
let noticeTimer;

const app = {
  store,
  get canChange() {
    return person.role === 'operator';
  },
  notify,
  get embedOrigins() {
    return person.embed_origins ?? [];
  },
  openStart: like => openStartDialog(onStarted, like),
  stop: stopStream,
  renewKey,
  drain,
  redeliver: ({ stream_id: id }, { delivery_id: delivery }) =>
    act(() => call('POST', `/v1/streams/${id}/webhook-deliveries/${delivery}/redeliver`), 'The webhook is sent again.'),
};

function onStarted(stream) {
  store.put(stream);
  go(`/admin/streams/${stream.stream_id}`);
}

async function stopStream({ stream_id: id }) {
  const question = `Stop ${id}?`;
  const detail = 'The encoder is disconnected, and viewers see the end. A stopped stream cannot go on.';
  if (!(await confirmDialog({ question, detail, action: 'Stop the stream' }))) return;
  await act(async () => store.put(await call('DELETE', `/v1/streams/${id}`)), `${id} is being stopped.`);
}

async function renewKey({ stream_id: id }) {
  const question = `A new stream key for ${id}?`;
  const detail = 'The key in use becomes worthless, and the encoder that has it is disconnected.';
  if (!(await confirmDialog({ question, detail, action: 'Make a new key' }))) return;
  await act(() => call('POST', `/v1/streams/${id}/key`, { revoke: true }), 'The SRT URL has a new key.');
}

/** @param change `{ id, draining }` for a worker, `{ node, draining }` for a node */
async function drain({ id, node, draining }) {
  const name = id ?? node;
  if (draining) {
    const question = id ? `Drain the worker ${id}?` : `Drain the node ${node}?`;
    const detail =
      'It takes no new streams. Its streams move to other workers that have room: viewers miss about two seconds.';
    if (!(await confirmDialog({ question, detail, action: 'Drain it' }))) return;
  }
  const path = id ? `/v1/workers/${encodeURIComponent(id)}` : `/v1/nodes/${encodeURIComponent(node)}`;
  const done = draining ? `${name} is being drained.` : `${name} takes streams again.`;
  await act(async () => {
    await call('PATCH', path, { draining });
    await store.loadWorkers();
  }, done);
}

async function act(perform, done) {
  try {
    await perform();
    if (done) notify(done);
  } catch (error) {
    notify(error.message);
  }
}

function notify(sentence) {
  byId('notice').textContent = sentence;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => {
    byId('notice').textContent = '';
  }, NOTICE_MS);
}

async function logOut() {
  await call('DELETE', '/admin/session').catch(() => undefined);
  location.assign('/admin/login');
}

function header() {
  return html`<a class="brand" href="/admin"><img src="/assets/icon.svg" alt="" width="24" height="24" />Livetran</a>
    <nav aria-label="Control room">
      ${links.map(
        ([path, name]) =>
          html`<a href=${path} aria-current=${location.pathname === path ? 'page' : 'false'}>${name}</a>`,
      )}
      <a href="/admin/queues">Queues</a> <a href="/docs">API</a>
    </nav>
    <span class="person">${person.user}${person.role === 'viewer' ? ' (viewer)' : ''}
      <button type="button" @click=${logOut}>Log out</button></span>
    ${store.isReachable === false ? html`<p class="away" role="alert">The server does not answer. What you see is old.</p>` : null}`;
}

function draw() {
  drawing = undefined;
  render(header(), byId('top'));
  if (ownPage) return;
  const page = location.pathname === '/admin/workers' ? workersPage : overviewPage;
  render(page({ ...app, canChange: app.canChange }), byId('main'));
}

function drawSoon() {
  if (drawing === undefined) drawing = setTimeout(draw, DRAW_MS);
}

/** Shows the page of the present address. */
function show() {
  ownPage?.unmount();
  const [, id] = /^\/admin\/streams\/([\w-]+)$/.exec(location.pathname) ?? [];
  ownPage = id === undefined ? undefined : new StreamPage(id, app);
  if (location.pathname === '/admin/ended') ownPage = new EndedPage();
  // What lit-html knows of the former page's nodes goes with them.
  const fresh = document.createElement('main');
  Object.assign(fresh, { id: 'main', tabIndex: -1 });
  byId('main').replaceWith(fresh);
  document.title = `${id ?? links.find(([path]) => path === location.pathname)?.[1] ?? 'Live'} · Livetran`;
  ownPage?.mount(fresh);
  draw();
}

function go(path) {
  history.pushState(undefined, '', path);
  show();
  byId('main').focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Links between the pages of the control room do not load it anew. */
function onClick(event) {
  const link = event.target.closest?.('a[href]');
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const { origin, pathname, hash } = new URL(link.href);
  if (origin !== location.origin || hash || !/^\/admin(\/(workers|ended|streams\/[\w-]+))?$/.test(pathname)) return;
  event.preventDefault();
  if (pathname !== location.pathname) go(pathname);
}

person = await call('GET', '/admin/session');
store.addEventListener('change', drawSoon);
addEventListener('popstate', show);
document.addEventListener('click', onClick);
store.start();
show();
