import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChaosCluster } from './chaosCluster.ts';
import { gapRound } from './gapRound.ts';
import { killRound } from './killRound.ts';
import { blackHoleRound, freezeRound } from './vanishRound.ts';

/** The bar for kill -9 → next segment listed is 12 s with segments of 2 s; what a loaded CI adds is not the product's. */
const KILL_MS = 14_000;

let chaos: ChaosCluster;

// Short; `npm run chaos` is the long one.
beforeAll(async () => {
  chaos = await ChaosCluster.start({
    workers: 2,
    profiles: ['transcode', 'passthrough', 'ladder-source'],
    segmentSeconds: 1,
  });
});
afterAll(() => chaos?.stop());

test('a worker is killed: its streams go on, on the same port', async () => {
  // The streams of the first one move to the other worker. That one is killed next, so each profile loses its worker.
  const rows = [...(await killRound(chaos)), ...(await killRound(chaos))];
  expect(rows.length).toBeGreaterThan(3);
  for (const row of rows) {
    expect(row.samePort).toBe(true);
    expect(row.listed).toBeLessThan(KILL_MS);
  }
});

test('a worker is cut off from Redis: another one takes over, and it finds itself fenced', async () => {
  const rows = await blackHoleRound(chaos, 'stale');
  expect(rows.every(({ samePort }) => samePort)).toBe(true);
});

test('a worker is frozen past its lease: another one takes over, and it finds itself fenced', async () => {
  expect((await freezeRound(chaos)).every(({ claimed }) => claimed < 14_000)).toBe(true);
});

test('streams are stopped while they have no owner: the next workers carry it out, and new runs begin', async () => {
  expect(await gapRound(chaos, 'after-stopped')).toEqual([]);
  expect(await gapRound(chaos, 'at-once')).toEqual([]);
});

test('nothing was wrong all the while, and nothing is left', async () => {
  expect(await chaos.verify()).toEqual([]);
});
