import { expect, test } from 'vitest';
import { type ControlStage, controlRun } from '../bench/control/controlRun.ts';
import { quantile } from '../bench/quantile.ts';

/** The short form of `npm run bench -- control`: what a stream costs Redis does not grow with the streams there are. */
test('commands per stream and second are the same with four times the streams, and starts are quick', async () => {
  const { stages, readyMs, refused, astray } = await controlRun(
    {
      stages: [
        { streams: 0, seconds: 3 },
        { streams: 50, seconds: 6 },
        { streams: 200, seconds: 6 },
      ],
      startsPerSecond: 50,
      settleMs: 5_000,
      cluster: {
        ...{ workers: 6, processes: 1, workersPerNode: 3, slots: 40 },
        ...{ segmentSeconds: 2, renditions: 1, uploads: 'all', logLevel: 'error' },
      },
    },
    () => undefined,
  );
  expect({ refused, astray, ready: readyMs.length }).toEqual({ refused: [], astray: [], ready: 200 });
  expect(quantile(readyMs, 0.99)).toBeLessThan(2_000);
  const [idle, few, many] = stages;
  if (!idle || !few || !many) throw new Error('a stage is missing');
  const sent = (stage: ControlStage): number =>
    stage.workers.reduce((all, worker) => all + worker.commands, 0) / stage.load.seconds;
  const perStream = (stage: ControlStage): number => (sent(stage) - sent(idle)) / stage.streams;
  // Some eight for each upload (BullMQ's own worker, docs/decisions.md), and one every other segment: with 2 s segments 4.1.
  expect(perStream(many)).toBeLessThan(5);
  expect(perStream(many)).toBeLessThan(perStream(few) * 1.15);
});
