import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../../common/testing/silentLogger.ts';
import { startRedis, type TestRedis } from '../../../common/testing/startRedis.ts';
import type { Segment } from '../../segment/segment.ts';
import { type PublishingRoom, publishingRoom } from '../testing/publishingRoom.ts';
import { writeSegments } from '../testing/writeSegments.ts';
import { LiveEpoch } from './liveEpoch.ts';

// Real processes on a machine that others use too.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const record = { streamId: 'show', run: 'run1', token: '170', stems: ['show'], firstNumber: 0, startedAt: 1 };

let server: TestRedis;
let room: PublishingRoom;

beforeAll(async () => {
  server = await startRedis();
});
beforeEach(async () => {
  room = await publishingRoom(server.url, 1);
});
afterEach(() => room.close());
afterAll(() => server.stop());

async function openEpoch(signal = new AbortController().signal) {
  const { spool, uploads } = room;
  const onOutcome = vi.fn();
  const epoch = await spool.createEpoch(1, record);
  const events = { onClosed: vi.fn(), onOutcome, onLeftOut: vi.fn(), onFault: vi.fn(), onEnd: vi.fn() };
  return { onOutcome, epoch: new LiveEpoch({ epoch, record, spool, uploads, events, signal, log: silentLogger() }) };
}

const segment = (number: number): Segment => ({
  ...{ number, discontinuity: undefined, startTicks: 0, bytes: 188, frames: [], seconds: 1, startsWithKey: true },
  ...{ video: undefined, audio: undefined, bitRate: 1_504, keySeconds: 0, continuityErrors: 0, badTimestamps: 0 },
});

test('a file is removed when it is stored, the folder with the last one', async () => {
  const { epoch, onOutcome } = await openEpoch();
  await writeSegments(epoch.dir, 'show', { closed: [0, 1], open: 2 });
  epoch.closed(0, segment(0));
  await epoch.settled();
  expect(await readdir(epoch.dir)).not.toContain('show_000.ts');
  epoch.closed(0, segment(1));
  await epoch.close();
  await epoch.settled();
  expect(await readdir(join(room.spool.dir, 'show/run1'))).toEqual([]);
  expect(onOutcome.mock.calls).toEqual([
    [expect.objectContaining({ file: 'show_000.ts' }), { kind: 'stored' }],
    [expect.objectContaining({ file: 'show_001.ts' }), { kind: 'stored' }],
  ]);
});

test('a closed file that was never handed in is left to the sweep', async () => {
  const { epoch } = await openEpoch();
  await writeSegments(epoch.dir, 'show', { closed: [0, 1] });
  epoch.closed(0, segment(0));
  const left = vi.fn();
  room.spool.onLeft(left);
  await epoch.close();
  await epoch.settled();
  expect((await readdir(epoch.dir)).filter(name => name.endsWith('.ts'))).toEqual(['show_001.ts']);
  expect(left).toHaveBeenCalledOnce();
});

test('its end is reported when its folder is waited for', async () => {
  const { spool, uploads } = room;
  const made = await spool.createEpoch(1, record);
  let settled: Promise<boolean> | undefined;
  const isGone = async (): Promise<boolean> => (await readdir(join(spool.dir, 'show/run1'))).length === 0;
  const epoch: LiveEpoch = new LiveEpoch({
    ...{ epoch: made, record, spool, uploads, signal: new AbortController().signal, log: silentLogger() },
    events: {
      ...{ onClosed: vi.fn(), onOutcome: vi.fn(), onLeftOut: vi.fn(), onFault: vi.fn() },
      onEnd: () => {
        settled = epoch.settled().then(isGone);
      },
    },
  });
  await epoch.close();
  expect(await settled).toBe(true);
});
