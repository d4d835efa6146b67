import { parentPort, workerData } from 'node:worker_threads';
import { signRequest } from '../../../common/signature.ts';

// A thread: an app that reads its stream's state, one signed GET after the other, until it is asked for its times. In a
// thread of its own, since the thread of the test is busy with attacks.

const { url, secret, path } = workerData as { url: string; secret: string; path: string };
const times: number[] = [];
let refused = 0;
let asked = false;
parentPort?.once('message', () => {
  asked = true;
});

while (!asked) {
  const signature = signRequest(
    { time: Date.now() / 1_000 + Math.random() / 1_000, method: 'GET', path, body: '' },
    secret,
  );
  const begun = performance.now();
  const status = await fetch(`${url}${path}`, { headers: { 'lt-signature': signature } }).then(
    answer => answer.arrayBuffer().then(() => answer.status),
    () => 0,
  );
  times.push(performance.now() - begun);
  if (status !== 200) refused += 1;
  await new Promise(done => setTimeout(done, 10));
}
times.sort((a, b) => a - b);
const share = (of: number): number => Math.round(times[Math.floor(times.length * of)] ?? Number.NaN);
parentPort?.postMessage({ count: times.length, refused, p50: share(0.5), p95: share(0.95) });
