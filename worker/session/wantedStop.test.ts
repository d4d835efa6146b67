import { expect, test } from 'vitest';
import { finishOptions, wantedStop } from './wantedStop.ts';

test('a stop waits for what is on its way to the store, a completion hardly', () => {
  expect(finishOptions(wantedStop('user_stop'))).toEqual({ endList: true });
  expect(finishOptions(wantedStop('completed'))).toEqual({ endList: true, settleMs: 1_000 });
  expect(finishOptions({ kind: 'handed_over' })).toEqual({ endList: false });
});

test('says why', () => {
  expect(wantedStop('max_duration')).toMatchObject({ message: expect.stringContaining('max_duration_seconds') });
});
