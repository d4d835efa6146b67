import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startRedis, type TestRedis } from '../../common/testing/startRedis.ts';
import { startTestApi, type TestApi } from '../testing/testApi.ts';

interface Key {
  id: string;
  secret: string;
}

const PER_SECOND = 100;
/** Answers in each phase: a second at full speed, longer on a busy machine. */
const PHASE = 100;

let server: TestRedis;
let replicas: [TestApi, TestApi];

beforeAll(async () => {
  server = await startRedis();
  replicas = await Promise.all([startTestApi(server.url), startTestApi(server.url)]);
});
afterAll(async () => {
  for (const replica of replicas) await replica.stop();
  await server.stop();
});

async function makeKey(): Promise<Key> {
  const { status, body } = await replicas[0].ask('POST', '/v1/keys', { scopes: ['streams:read', 'streams:write'] });
  expect(status).toBe(201);
  return body as unknown as Key;
}

test('a key is rotated under 100 requests a second over two replicas: none is refused', async () => {
  let key = await makeKey();
  const statuses: number[] = [];
  const underWay = new Set<Promise<void>>();
  const call = async (i: number): Promise<void> => {
    const replica = replicas[i % 2 === 0 ? 0 : 1];
    const [method, path, body] =
      i % 10 === 0
        ? (['POST', '/v1/streams', { stream_id: `show-${i}` }] as const)
        : (['GET', '/v1/streams', undefined] as const);
    statuses.push((await replica.askAs(key, method, path, body)).status);
  };
  const answered = (count: number) => vi.waitFor(() => expect(statuses.length).toBeGreaterThanOrEqual(count), 20_000);
  const over = new AbortController();
  const load = (async () => {
    const from = performance.now();
    for (let i = 0; !over.signal.aborted; i += 1) {
      const sent: Promise<void> = call(i).finally(() => underWay.delete(sent));
      underWay.add(sent);
      await sleep(Math.max(0, from + ((i + 1) * 1_000) / PER_SECOND - performance.now()));
    }
  })();

  await answered(PHASE);
  const old = key;
  // The other replica gets the first request with it at once.
  key = await makeKey();
  const withOld = [...underWay];
  await answered(2 * PHASE);
  await Promise.all(withOld);
  expect((await replicas[1].ask('DELETE', `/v1/keys/${old.id}`)).status).toBe(204);
  await answered(statuses.length + PHASE);
  over.abort();
  await load;
  await Promise.all(underWay);

  expect(statuses.length).toBeGreaterThanOrEqual(3 * PHASE);
  expect(statuses.filter(status => status !== 200 && status !== 201)).toEqual([]);
  for (const replica of replicas) {
    const { status, body } = await replica.askAs(old, 'GET', '/v1/streams');
    expect({ status, code: body.code }).toEqual({ status: 403, code: 'key_unknown' });
  }
});
