import { expect, test } from 'vitest';
import type { PublishRequest } from '../../common/srt/readPublishRequest.ts';
import { judgeRequest } from './judgeRequest.ts';
import { parseStreamRoute, routeFields } from './streamRoute.ts';

const NOW = 1_800_000_000_000;
const request: PublishRequest = {
  ...{ accept: true, streamId: 'live', run: 'r1', generation: 1, expiresAt: NOW + 1, keyDigest: 'x' },
};

/** A route as it is read from a record. */
const routeOf = (record: Partial<Record<(typeof routeFields)[number], string>>) =>
  parseStreamRoute(routeFields.map(name => ({ run: 'r1', state: 'STREAMING', ...record })[name] ?? null)) ?? null;

test.each([
  ['a good key', {}, undefined],
  ['no such stream', null, 1404],
  ['a stream that is over', { state: 'STOPPED' }, 1404],
  ['a stream that is to stop', { desired: 'stop' }, 1404],
  ['a key of another run', { run: 'r2' }, 1410],
  ['a key of the present generation', { keyFloor: '1' }, undefined],
  ['a revoked key', { keyFloor: '2' }, 1410],
  ['a revoked key that was accepted before', { keyFloor: '2', keyAccepted: '1' }, 1410],
] as const)('%s: %s', (_name, record, code) => {
  expect(judgeRequest(request, record && routeOf(record), NOW)?.code).toBe(code);
});

test('a key that has expired is good where one of the run was accepted', () => {
  expect(judgeRequest(request, routeOf({}), NOW + 1)?.code).toBe(1401);
  expect(judgeRequest(request, routeOf({ keyAccepted: '1' }), NOW + 1)).toBeUndefined();
});
