import { setTimeout as sleep } from 'node:timers/promises';
import { signRequest } from '../../../common/signature.ts';

/**
 * Starts streams at a steady rate, each at its moment whether or not the ones before are answered. An answer says that the
 * record is INITIALISED. Returns each start's time (ms).
 */
export async function startLoad(options: {
  url: string;
  path: string;
  secret: string;
  /** Of the streams: `<prefix>-0`, `<prefix>-1`, and so on. */
  prefix: string;
  perSecond: number;
  seconds: number;
}): Promise<number[]> {
  const { url, path, secret, prefix, perSecond, seconds } = options;
  const beganAt = performance.now();
  const start = async (n: number): Promise<number> => {
    const dueAt = beganAt + (n * 1_000) / perSecond;
    await sleep(Math.max(0, dueAt - performance.now()));
    const body = JSON.stringify({ stream_id: `${prefix}-${n}` });
    const signature = signRequest({ time: Date.now() / 1_000, method: 'POST', path, body }, secret);
    const headers = { 'lt-signature': signature, 'content-type': 'application/json', prefer: 'respond-async' };
    const begun = performance.now();
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`a start got ${response.status}: ${text}`);
    return performance.now() - begun;
  };
  return Promise.all(Array.from({ length: perSecond * seconds }, (_, n) => start(n)));
}
