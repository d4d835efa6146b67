const form = document.getElementById('login');
const problem = document.getElementById('problem');
form.user.focus();

/** Only a path of this host: a link to the log-in must not lead elsewhere after it. */
function nextPage() {
  const next = new URLSearchParams(location.search).get('next') ?? '/admin';
  const url = new URL(next, location.origin);
  return url.origin === location.origin && url.pathname.startsWith('/admin') ? url.pathname + url.search : '/admin';
}

form.addEventListener('submit', async event => {
  event.preventDefault();
  const button = form.querySelector('button');
  const { user, password } = Object.fromEntries(new FormData(form));
  button.disabled = true;
  problem.textContent = '';
  try {
    const response = await fetch('/admin/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user, password }),
    });
    if (response.ok) return location.replace(nextPage());
    const answer = await response.json().catch(() => ({}));
    problem.textContent = sentence(answer.detail ?? answer.error ?? `The server answered ${response.status}`);
    form.password.select();
  } catch {
    problem.textContent = 'The server cannot be reached. Try again in a moment.';
  }
  button.disabled = false;
});

const sentence = text => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, '.');
