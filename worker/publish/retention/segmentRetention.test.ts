import { beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { addClosed, createLedger, type Ledger, openEpoch, settle } from '../playlist/ledger.ts';
import { mediaPlaylist } from '../playlist/mediaPlaylist.ts';
import { streamFiles } from '../playlist/streamFiles.ts';
import { SegmentRetention } from './segmentRetention.ts';

const options = { streamId: 'show', run: 'r', stems: streamFiles('show', 2).stems, window: 3, segmentSeconds: 1 };
let calls: string[][];
let refused: string[];
let ledger: Ledger;
let now: number;
let stop: AbortController;
let retention: SegmentRetention;

const store = {
  delete: async (keys: readonly string[]) => {
    calls.push([...keys]);
    return { failed: keys.filter(key => refused.includes(key)).map(key => ({ key, code: 'AccessDenied' })) };
  },
};

beforeEach(() => {
  [calls, refused, now] = [[], [], 0];
  stop = new AbortController();
  ledger = openEpoch(createLedger(options), 0);
  const parts = { store: store as never, renditions: 2, graceSegments: 6, signal: stop.signal, log: silentLogger() };
  retention = new SegmentRetention({ ...parts, now: () => now });
});

/** A second of stream: one more segment, and the playlists of these renditions stored. */
async function second(published = [0, 1], passes = 1_000): Promise<void> {
  now += passes;
  const number = ledger.nextNumber;
  for (const rendition of [0, 1]) {
    ledger = addClosed(ledger, { rendition, number, durationSeconds: 1, bytes: 188 });
    ledger = settle(ledger, rendition, number, 'stored');
  }
  retention.observe(ledger);
  for (const rendition of published) {
    retention.published(rendition, mediaPlaylist(ledger, rendition, '1') ?? { mediaSequence: -1 });
  }
  await retention.settled();
}

const seconds = async (count: number, published?: number[], passes?: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) await second(published, passes);
};

test('goes in batches, all renditions together, window and grace left', async () => {
  await seconds(18);
  expect(calls).toEqual([]);
  await second();
  // 19 segments: 3 listed, 6 of grace, 10 gone, in one call.
  expect(calls).toEqual([
    Array.from({ length: 10 }, (_, n) => [`show/show_0_00${n}.ts`, `show/show_1_00${n}.ts`]).flat(),
  ]);
  await seconds(9);
  expect(calls).toHaveLength(1);
  await second();
  expect(calls[1]?.[0]).toBe('show/show_0_010.ts');
});

test('a rendition whose playlist is not stored holds everything back', async () => {
  await seconds(9);
  await seconds(40, [0]);
  expect(calls).toEqual([]);
});

test('after a backlog, players get the time that the last playlist lasts', async () => {
  await seconds(30, [0, 1], 1);
  expect(calls).toEqual([]);
  await second([0, 1], 4_000);
  expect(calls).toHaveLength(1);
});

test('an abandoned owner deletes nothing', async () => {
  await seconds(15);
  stop.abort();
  await seconds(20);
  expect(calls).toEqual([]);
});

test('what could not be deleted is tried again, later', async () => {
  refused = ['show/show_0_003.ts'];
  await seconds(19);
  refused = [];
  await seconds(9);
  expect(calls).toHaveLength(1);
  await second();
  expect(calls[1]?.slice(0, 2)).toEqual(['show/show_0_003.ts', 'show/show_0_010.ts']);
});

test('a segment that is stored after its delete goes with the next batch', async () => {
  await seconds(19);
  retention.stored(ledger, 1, 4);
  retention.stored(ledger, 1, 18);
  await seconds(9);
  expect(calls[1]?.slice(0, 3)).toEqual(['show/show_1_004.ts', 'show/show_0_010.ts', 'show/show_1_010.ts']);
});
