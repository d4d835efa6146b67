import autocannon, { type Request, type Result } from 'autocannon';
import { signRequest } from '../../../common/signature.ts';

export interface ReadLoad {
  perSecond: number;
  p50: number;
  p99: number;
  /** Answers that are no 2xx, and connections that failed. */
  failed: number;
}

/** Signed reads of one stream, each with a signature of its own, over 50 kept connections. Latencies in ms. */
export async function readLoad(options: {
  url: string;
  path: string;
  secret: string;
  amount: number;
}): Promise<ReadLoad> {
  const { url, path, secret, amount } = options;
  const second = Math.floor(Date.now() / 1_000);
  let count = 0;
  const setupRequest = (request: Request): Request => {
    count += 1;
    const time = `${second}.${String(count).padStart(9, '0')}`;
    const headers = { 'lt-signature': signRequest({ time, method: 'GET', path, body: '' }, secret) };
    return { ...request, headers };
  };
  const requests: Request[] = [{ method: 'GET', path, setupRequest }];
  const done = Promise.withResolvers<Result>();
  const begun = performance.now();
  let endedAt = begun;
  // Its own duration is in whole seconds.
  autocannon({ url: `${url}${path}`, connections: 50, amount, requests }, (error, result) =>
    error ? done.reject(error) : done.resolve(result),
  ).on('response', () => {
    endedAt = performance.now();
  });
  const { latency, non2xx, errors } = await done.promise;
  const perSecond = (amount * 1_000) / (endedAt - begun);
  return { perSecond, p50: latency.p50, p99: latency.p99, failed: non2xx + errors };
}
