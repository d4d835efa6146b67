import { expect, test } from 'vitest';
import { judgeCapacity, type Measures } from './judgeCapacity.ts';

const GB = 1e9;
const well: Measures = {
  encodes: [{ speed: 1, behindSeconds: 0.8 }],
  eventLoopMs: 25,
  spool: { usedBytes: 0.1 * GB, freeBytes: 100 * GB, maxBytes: 20 * GB },
  measuringMs: 0,
};
const slow = { speed: 0.8, behindSeconds: 5 };

test.each<[string, Partial<Measures>, string | undefined]>([
  ['all well', {}, undefined],
  ['no stream', { encodes: [] }, undefined],
  ['an encode that falls behind', { encodes: [...well.encodes, slow] }, '1 of 2 encodes run below real time'],
  ['an encoder that sends too little is no load', { encodes: [{ speed: 0.5, behindSeconds: 0.5 }] }, undefined],
  ['an encode that catches up', { encodes: [{ speed: 1.4, behindSeconds: 6 }] }, undefined],
  ['jitter of the source', { encodes: [{ speed: 0.985, behindSeconds: 2.5 }] }, undefined],
  ['a lagging event loop', { eventLoopMs: 230.4 }, 'its event loop lags by 230 ms'],
  ['a lag that is borne', { eventLoopMs: 199 }, undefined],
  ['a spool at its bound', { spool: { ...well.spool, usedBytes: 18.1 * GB } }, 'its spool is nearly full'],
  [
    'a disk at its end',
    { spool: { usedBytes: GB, freeBytes: 0.1 * GB, maxBytes: 20 * GB } },
    'its disk is nearly full',
  ],
  ['a small disk, empty', { spool: { usedBytes: 0, freeBytes: 50e6, maxBytes: 20 * GB } }, undefined],
  [
    'a small disk, filling',
    { spool: { usedBytes: 30e6, freeBytes: 20e6, maxBytes: 20 * GB } },
    'its disk is nearly full',
  ],
  ['a spool that is measured slowly', { measuringMs: 29_000 }, undefined],
  ['a spool that does not answer', { measuringMs: 31_000 }, 'its spool has not answered for 31 s'],
])('%s', (_name, measures, reason) => {
  expect(judgeCapacity({ ...well, ...measures })).toBe(reason);
});
