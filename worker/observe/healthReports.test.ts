import { expect, test } from 'vitest';
import type { HealthProblem, StreamHealth } from '../../common/stream/streamHealth.ts';
import type { StreamWrite } from '../claim/leaseScripts.ts';
import { HealthReports } from './healthReports.ts';

const SINCE = Date.parse('2026-11-25T04:00:00.000Z');
const loss: HealthProblem = {
  ...{ code: 'packets_lost', fault: 'network', since: SINCE },
  ...{ message: '4.0 % of the packets are lost', advice: 'Use a wire' },
};
const slow: HealthProblem = {
  ...{ code: 'slow_encode', fault: 'worker', since: SINCE + 2_000 },
  ...{ message: 'Encoding runs at 0.80 times real time', advice: 'Add workers' },
};
const healthOf = (since: number, ...problems: HealthProblem[]): { health: StreamHealth } => ({
  health: { since, problems },
});

function setUp() {
  const writes: StreamWrite[] = [];
  /** Redis is away while there is one. */
  let gate: PromiseWithResolvers<void> | undefined;
  const lease = {
    write: async (write: StreamWrite): Promise<boolean> => {
      await gate?.promise;
      writes.push(write);
      return true;
    },
  };
  const clock = { now: 0 };
  const reports = new HealthReports(lease, () => clock.now);
  const settled = () => new Promise(resolve => setImmediate(resolve));
  const leave = (): (() => void) => {
    const left = Promise.withResolvers<void>();
    gate = left;
    return () => {
      gate = undefined;
      left.resolve();
    };
  };
  const events = () => writes.flatMap(({ event, eventReason }) => (event ? [`${eventReason}: ${event}`] : []));
  return { reports, clock, writes, events, settled, leave };
}

test('a stream that is well is written, and is no event', async () => {
  const { reports, writes, settled } = setUp();
  reports.add(healthOf(SINCE));
  await settled();
  expect(writes).toEqual([{ fields: { health: JSON.stringify({ since: SINCE, problems: [] }) } }]);
});

test('an event says what, how much, since when, whose fault and what to do; and when it is over, for how long it was', async () => {
  const { reports, clock, writes, events, settled } = setUp();
  reports.add(healthOf(SINCE, loss));
  await settled();
  expect(writes[0]?.fields).toEqual({ health: JSON.stringify(healthOf(SINCE, loss).health) });
  clock.now = 30_000;
  reports.add(healthOf(SINCE + 30_000));
  await settled();
  expect(events()).toEqual([
    'ingest_degraded: 4.0 % of the packets are lost (packets_lost, since 2026-11-25T04:00:00.000Z). Fault: network. Use a wire.',
    'ingest_recovered: The stream is well again after 30 s: packets_lost (network)',
  ]);
});

test('events are at least 10 s apart; the record is written at once', async () => {
  const { reports, clock, writes, events, settled } = setUp();
  reports.add(healthOf(SINCE, loss));
  await settled();
  clock.now = 2_000;
  reports.add(healthOf(SINCE, loss, slow));
  await settled();
  expect(writes).toHaveLength(2);
  expect(events()).toHaveLength(1);
  reports.tick(healthOf(SINCE, loss, slow).health);
  await settled();
  expect(writes).toHaveLength(2);
  clock.now = 10_000;
  reports.tick(healthOf(SINCE, loss, slow).health);
  await settled();
  expect(events()[1]).toMatch(/^ingest_degraded: Encoding runs at 0.80 times real time \(slow_encode/);
  // One that is over before it was reported is no event.
  clock.now = 40_000;
  reports.tick(healthOf(SINCE, loss, slow).health);
  await settled();
  expect(events()).toHaveLength(2);
});

test('while Redis is away one write waits, and the latest state comes after it', async () => {
  const { reports, writes, events, settled, leave } = setUp();
  const comeBack = leave();
  reports.add(healthOf(SINCE));
  reports.add(healthOf(SINCE, loss));
  for (let i = 0; i < 100; i += 1) reports.add(healthOf(SINCE, loss, { ...slow, message: `${i}` }));
  await settled();
  expect(writes).toEqual([]);
  comeBack();
  await settled();
  expect(writes).toHaveLength(2);
  expect(events()).toEqual([expect.stringMatching(/^ingest_degraded: 4.0 %.* 99 \(slow_encode/)]);
});

test('nothing is written after the end of the connection: a write that waits for Redis would hold up the end of the lease', async () => {
  const { reports, writes, settled } = setUp();
  reports.add(healthOf(SINCE, loss));
  reports.end();
  reports.add(healthOf(SINCE));
  await settled();
  expect(writes).toHaveLength(1);
});
