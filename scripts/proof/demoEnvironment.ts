import { freePort } from '../lib/freePort.ts';

const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'FFMPEG', 'SRT_LIBRARY', 'SRT_PORTS'];

/**
 * The demo's settings: of the user's only those that say which programs and ports it uses. It must not write to a bucket
 * that the user has set. API_PORT is the user's, else 8080, else a free one.
 */
export async function demoEnvironment(user: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const port = user.API_PORT || String(await freePort('127.0.0.1', 8_080));
  return {
    ...Object.fromEntries(INHERITED.map(name => [name, user[name]])),
    STORAGE: 'file',
    API_HOST: '127.0.0.1',
    API_PORT: port,
    API_PUBLIC_URL: `https://localhost:${port}`,
    SRT_BIND: '127.0.0.1',
  };
}
