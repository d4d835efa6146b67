/** Logs in to the control room and returns the headers of a request with that session. For tests. */
export async function logIn(url: string, user: string, password: string): Promise<{ cookie: string }> {
  const answer = await postLogin(url, user, password);
  if (answer.status !== 201) throw new Error(`log-in: ${answer.status} ${await answer.text()}`);
  const [pair = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
  return { cookie: pair };
}

/** The request of the log-in page. */
export function postLogin(url: string, user: string, password: string): Promise<Response> {
  return fetch(`${url}/admin/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: new URL(url).origin },
    body: JSON.stringify({ user, password }),
  });
}
