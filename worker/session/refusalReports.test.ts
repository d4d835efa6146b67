import { expect, test } from 'vitest';
import type { StreamWrite } from '../claim/leaseScripts.ts';
import { RefusalReports } from './refusalReports.ts';

const refusals = { code: 1401, peer: '10.0.0.9:5000', why: 'the stream key has expired', refused: 1 };

/** A lease whose writes end when they are let through. */
function setUp(recorded?: string) {
  const writes: StreamWrite[] = [];
  const held: (() => void)[] = [];
  let now = 0;
  const lease = {
    recorded: () => recorded,
    write: (write: StreamWrite) => {
      writes.push(write);
      return new Promise<boolean>(done => held.push(() => done(true)));
    },
  };
  const reports = new RefusalReports(lease, () => now);
  /** Lets the write under way end, after so long. */
  const pass = async (ms = 0): Promise<void> => {
    now += ms;
    held.shift()?.();
    await new Promise(setImmediate);
  };
  const counts = () => writes.map(({ fields }) => JSON.parse(String(fields?.lastRefusal)).count);
  return { reports, writes, counts, pass };
}

test('while Redis is away one write waits, and the next one has all that came meanwhile', async () => {
  const { reports, writes, counts, pass } = setUp();
  for (let i = 0; i < 3_600; i += 1) reports.add({ ...refusals, code: i === 3_599 ? 1409 : 1401 });
  expect(counts()).toEqual([1]);
  await pass();
  expect(counts()).toEqual([1, 3_600]);
  expect(JSON.parse(String(writes.at(-1)?.fields?.lastRefusal))).toMatchObject({ code: 1409, peer: refusals.peer });
  await pass();
  expect(writes).toHaveLength(2);
});

test('events are ten seconds apart, however many are refused', async () => {
  const { reports, writes, pass } = setUp();
  for (let second = 0; second < 30; second += 1) {
    reports.add({ ...refusals, refused: 100 });
    await pass(1_000);
  }
  expect(writes).toHaveLength(30);
  const events = writes.filter(({ event }) => event !== undefined);
  expect(events).toHaveLength(3);
  expect(events[0]).toMatchObject({
    event: 'An encoder was refused: the stream key has expired (code 1401, 10.0.0.9:5000)',
    eventReason: 'encoder_refused',
  });
});

test.each([
  [undefined, 1],
  ['{"code":1401,"peer":"x","message":"y","at":5,"count":41}', 42],
  ['{', 1],
])('the count goes on from what the owner before wrote: %s', (recorded, count) => {
  const { reports, counts } = setUp(recorded);
  reports.add(refusals);
  expect(counts()).toEqual([count]);
});
