/** What the API refused: `message` is its own sentence, which names the rule and the next step. */
export class Refusal extends Error {
  constructor(status, problem) {
    super(sentence(problem.detail ?? problem.title ?? `The server answered ${status}`));
    this.status = status;
    this.code = problem.code;
  }
}

/**
 * One call of the resource API, or of the control room's own. Resolves to the answer's JSON; null without one. Throws
 * Refusal, and TypeError when the server cannot be reached. A session that has ended leads to the log-in.
 */
export async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    cache: 'no-store',
  });
  if (response.status === 401) return logIn();
  const answer = response.status === 204 ? null : await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(response.status, answer ?? {});
  return answer;
}

function logIn() {
  const here = location.pathname + location.search;
  location.assign(`/admin/login?next=${encodeURIComponent(here)}`);
  // The page is about to go: nothing after this call may run.
  return new Promise(() => undefined);
}

const sentence = text => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
