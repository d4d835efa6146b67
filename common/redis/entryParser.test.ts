import { pino } from 'pino';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { EntryParser } from './entryParser.ts';

function logged() {
  const lines: Record<string, unknown>[] = [];
  let now = 0;
  const passes = (ms: number): void => {
    now += ms;
  };
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { lines, entries: new EntryParser({ log, now: () => now }), later: passes };
}

test('a good value passes, a bad one is undefined and counted by its kind', () => {
  const { entries, lines } = logged();
  expect(entries.parse('job', 'a', () => JSON.parse('{"x":1}'))).toEqual({ x: 1 });
  expect(entries.counts()).toEqual(new Map());
  expect(entries.parse('job', 'a', () => JSON.parse('{'))).toBeUndefined();
  expect(entries.parse('job', 'b', () => JSON.parse('{'))).toBeUndefined();
  expect(entries.parse('stream record', 'a', () => z.object({ run: z.string() }).parse({}))).toBeUndefined();
  expect(entries.counts()).toEqual(new Map(Object.entries({ job: 2, 'stream record': 1 })));
  expect(lines.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['job a', 'stream record a']);
});

test('one value is logged once, however often it is read', () => {
  const { entries, lines, later } = logged();
  for (let i = 0; i < 50; i += 1) {
    entries.parse('job', 'a', () => JSON.parse('{'));
    later(60_000);
  }
  expect(lines).toHaveLength(1);
});

test('a flood of bad values is a line in ten seconds, with how many they were', () => {
  const { entries, lines, later } = logged();
  for (let i = 0; i < 5_000; i += 1) {
    entries.parse('event', `${i}`, () => JSON.parse('{'));
    later(10);
  }
  expect(lines).toHaveLength(5);
  expect(lines.map(({ skipped }) => skipped)).toEqual([1, 1_000, 1_000, 1_000, 1_000]);
});

test('the log names the rule and not the value, which may hold a stream key', () => {
  const { entries, lines, later } = logged();
  entries.parse('event', 'a', () => JSON.parse('token=secret-1'));
  later(60_000);
  entries.parse('event', 'b', () => z.object({ srtUrl: z.literal('x') }).parse({ srtUrl: 'token=secret-2' }));
  expect(JSON.stringify(lines)).toContain('srtUrl');
  expect(JSON.stringify(lines)).not.toContain('secret-');
});

test('what it remembers is bounded', () => {
  const { entries, lines, later } = logged();
  for (let i = 0; i < 3_000; i += 1) {
    entries.parse('event', `${i}`, () => JSON.parse('{'));
    later(10_000);
  }
  entries.parse('event', '2999', () => JSON.parse('{'));
  expect(lines).toHaveLength(3_000);
  entries.parse('event', '0', () => JSON.parse('{'));
  expect(lines).toHaveLength(3_001);
});
