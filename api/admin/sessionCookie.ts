import type { Request, Response } from 'express';

/** With TLS the prefix binds the cookie to this host and to https (RFC 6265bis, 4.1.3.2). */
const nameOf = (secure: boolean): string => (secure ? '__Host-livetran' : 'livetran');

/** The session's token that came with a request; undefined without one. */
export function readSessionCookie(request: Request): string | undefined {
  const start = `${nameOf(request.secure)}=`;
  const pair = (request.get('cookie') ?? '').split(/; */).find(each => each.startsWith(start));
  return pair?.slice(start.length);
}

/** Sets the cookie, or with '' removes it. It ends with the browser; the session's own end is in Redis. */
export function writeSessionCookie(request: Request, response: Response, token: string): void {
  const { secure } = request;
  const options = { path: '/', httpOnly: true, secure, sameSite: 'strict' } as const;
  if (token === '') response.clearCookie(nameOf(secure), options);
  else response.cookie(nameOf(secure), token, options);
}
