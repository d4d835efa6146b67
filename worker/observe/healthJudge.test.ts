import { describe, expect, test } from 'vitest';
import type { HealthFault, HealthProblemCode } from '../../common/stream/healthProblems.ts';
import type { StreamSample } from '../../common/stream/streamSample.ts';
import { sampleOf } from '../../common/testing/streamSamples.ts';
import { HealthJudge } from './healthJudge.ts';

const START = 1_795_000_000_000;

/** A judge with the seconds of a connection so far, and how to go on. */
function connection(segmentSeconds = 2) {
  const judge = new HealthJudge({ segmentSeconds });
  let second = 0;
  const push = (figures: Partial<StreamSample> = {}) => judge.push(sampleOf(START + 1_000 * second++, figures));
  /** So many seconds with these figures; returns when each problem came (1: with the first of them). */
  const run = (seconds: number, figures: (i: number) => Partial<StreamSample> = () => ({})): Map<string, number> => {
    const came = new Map<string, number>();
    for (let i = 0; i < seconds; i += 1) for (const { code } of push(figures(i))?.added ?? []) came.set(code, i + 1);
    return came;
  };
  const codes = () => judge.health.problems.map(({ code }) => code);
  return { judge, push, run, codes };
}

type Case = [HealthProblemCode, HealthFault, string, (i: number) => Partial<StreamSample>, number];

/** By problem: what a second of it looks like (counted from its begin), and within how many seconds it is named. */
const cases: Case[] = [
  ['packets_dropped', 'network', '40 % loss', () => ({ packets: 130, lost: 90, dropped: 60 }), 2],
  ['packets_dropped', 'network', '10 % loss at a low latency', () => ({ packets: 188, lost: 19, dropped: 2 }), 3],
  ['packets_lost', 'network', '10 % loss, all sent again', () => ({ packets: 190, lost: 19 }), 3],
  ['packets_lost', 'network', '2 % loss, all sent again', () => ({ packets: 190, lost: 4 }), 4],
  ['rtt_high', 'network', 'a round trip of half the latency', () => ({ rttMs: 100 }), 5],
  ['nothing_received', 'encoder', 'nothing comes', () => ({ packets: 0, kbps: 0 }), 4],
  ['bit_rate_collapsed', 'encoder', 'a tenth of the bit rate', () => ({ kbps: 200 }), 5],
  ['undecryptable', 'encoder', 'another passphrase', () => ({ undecryptable: 190 }), 1],
  ['no_audio', 'encoder', 'no audio track', () => ({ audioSilentSeconds: -1 }), 1],
  ['no_audio', 'encoder', 'the audio stops', i => ({ audioSilentSeconds: i }), 5],
  ['key_frames_far_apart', 'encoder', 'key frames 10 s apart', i => ({ keySeconds: Math.min(10, 2.2 + i) }), 3],
  ['timestamps_jumped', 'encoder', 'a jump', i => ({ jumps: i === 0 ? 1 : 0 }), 1],
  ['continuity_errors', 'encoder', 'a relay before SRT that loses packets', () => ({ continuityErrors: 2 }), 2],
  ['decode_errors', 'encoder', 'a damaged picture', () => ({ decodeErrors: 3 }), 1],
  ['slow_encode', 'worker', 'an encode at half speed', i => ({ speed: 0.9, behindSeconds: 1 + i / 2 }), 5],
  ['slow_encode', 'worker', 'an encode at a fifth of its speed', i => ({ behindSeconds: 0.8 * (i + 1) }), 3],
  ['slow_encode', 'worker', 'FFmpeg does not go on', i => ({ speed: 1, behindSeconds: 0.5 + i }), 4],
  ['slow_encode', 'worker', 'an encode that is a little slow', i => ({ speed: 0.88, behindSeconds: 1 + i / 8 }), 1],
  ['upload_late', 'storage', 'a store that hangs', i => ({ backlog: 1 + i / 2, backlogMs: i * 1_000 }), 5],
  ['upload_late', 'storage', 'a slow store', () => ({ lagMs: 4_000 }), 1],
  ['segments_lost', 'storage', 'a gap', i => ({ gaps: i === 0 ? 1 : 0 }), 1],
];

describe.each(cases)('%s (%s): %s', (code, fault, _what, figures, within) => {
  test('is named in time, with whose fault it is, and is over when the stream is well for 10 s', () => {
    const { judge, run, push, codes } = connection();
    run(60);
    expect(codes()).toEqual([]);
    const at = run(within + 5, figures).get(code);
    expect(at).toBeLessThanOrEqual(within);
    const problem = judge.health.problems.find(each => each.code === code);
    expect(problem).toMatchObject({ fault, since: START + (60 + Number(at) - 1) * 1_000 });
    expect(problem?.message.length).toBeGreaterThan(15);
    expect(problem?.advice.length).toBeGreaterThan(15);
    // Rules look back up to a minute, so that a problem may last that long.
    let over: ReturnType<typeof push>;
    let seconds = 0;
    for (; seconds < 80 && codes().length > 0; seconds += 1) over = push();
    expect(codes()).toEqual([]);
    expect(seconds).toBeGreaterThanOrEqual(10);
    expect(over?.ended.length).toBeGreaterThan(0);
    expect(over?.health).toEqual({ since: START + (60 + within + 5 + seconds - 1) * 1_000, problems: [] });
  });

  test('does not flap: a well second in each five changes nothing', () => {
    const { run, push, codes } = connection();
    run(60);
    run(within + 5, figures);
    const before = codes();
    expect(before).toContain(code);
    for (let i = 0; i < 20; i += 1) push(i % 5 === 0 ? {} : figures(within + 5 + i));
    expect(codes()).toContain(code);
  });
});

describe('a stream that is well', () => {
  const ordinary: [string, (i: number) => Partial<StreamSample>][] = [
    ['an hour of nothing special', () => ({})],
    ['lone lost packets', i => ({ lost: i % 10 === 0 ? 3 : 0 })],
    ['a lone dropped packet an hour', i => ({ dropped: i === 1_000 ? 1 : 0 })],
    ['a slow answer now and then', i => ({ rttMs: i % 7 === 0 ? 120 : 15 })],
    ['a bit rate that follows the picture', i => ({ kbps: 1_000 + 700 * Math.sin(i / 5) })],
    ['key frames 4 s apart', i => ({ keySeconds: 4 + (i % 2) * 0.1 })],
    ['two failed attempts to store a segment', i => ({ lagMs: i % 60 === 0 ? 2_900 : 800 })],
    [
      'segments of 2 s that are listed after a second',
      i => ({ backlog: 1, backlogMs: 900, lagMs: i % 2 ? 1_100 : -1 }),
    ],
    ['a lone decoding error', i => ({ decodeErrors: i % 60 === 0 ? 1 : 0 })],
    ['FFmpeg works by bursts', i => ({ behindSeconds: 0.5 + (i % 3) * 0.8, speed: 0.97 + (i % 3) * 0.03 })],
  ];
  test.each(ordinary)('%s: nothing is named', (_what, figures) => {
    const { judge, push } = connection();
    for (let i = 0; i < 3_600; i += 1) expect(push(figures(i))?.added ?? []).toEqual([]);
    expect(judge.health).toEqual({ since: START, problems: [] });
  });

  test('the first sample says so', () => {
    expect(connection().push()).toEqual({ health: { since: START, problems: [] }, added: [], ended: [] });
  });

  test('the start of a connection is rough', () => {
    const { run, codes } = connection();
    run(3, i => ({ behindSeconds: 4 - i, speed: 0.3, audioSilentSeconds: i < 2 ? 3_600 : 0, packets: i * 100 }));
    run(20);
    expect(codes()).toEqual([]);
  });
});

test('what follows from a loss is the fault of the network', () => {
  const { judge, run, codes } = connection();
  run(60);
  run(10, () => ({ kbps: 300, packets: 40, lost: 60, dropped: 50, decodeErrors: 9, continuityErrors: 20, jumps: 1 }));
  expect(codes()).toEqual(['packets_dropped', 'packets_lost', 'bit_rate_collapsed']);
  expect(judge.health.problems.map(({ fault }) => fault)).toEqual(['network', 'network', 'network']);
});

test('what a loss did is not the fault of the encoder later, when the loss is over', () => {
  const { judge, run, push } = connection();
  run(60);
  const lossy = { packets: 130, lost: 90, dropped: 60, jumps: 2, continuityErrors: 20, decodeErrors: 9 };
  run(8, i => ({ ...lossy, keySeconds: 2 + i, audioSilentSeconds: i }));
  const faults = new Set(judge.health.problems.map(({ fault }) => fault));
  // FFmpeg reports some of it seconds later.
  for (let i = 0; i < 60; i += 1)
    for (const { fault } of push(i < 2 ? { jumps: 1, decodeErrors: 5 } : {})?.added ?? []) faults.add(fault);
  expect([...faults]).toEqual(['network']);
  expect(judge.health.problems).toEqual([]);
});

test('a late upload is named within two segments of the fault', () => {
  const { run } = connection(4);
  run(60);
  // The next segment closes after up to 4 s.
  const waiting = (i: number) => ({ backlog: i < 4 ? 0 : 1, backlogMs: Math.max(0, i - 4) * 1_000 });
  expect(run(12, waiting).get('upload_late')).toBeLessThanOrEqual(9);
});

test('figures are those of now, and the time is that of the first', () => {
  const { judge, run, push } = connection();
  run(10);
  run(8, () => ({ packets: 190, lost: 19 }));
  const [before] = judge.health.problems;
  for (let i = 0; i < 8; i += 1) push({ packets: 190, lost: 60 });
  const [after] = judge.health.problems;
  expect(after?.since).toBe(before?.since);
  expect(before?.message).toContain('9.1 %');
  expect(after?.message).toContain('24 %');
});
