import { pino } from 'pino';
import { expect, test } from 'vitest';
import { RefusalLog, type Refusals } from './refusalLog.ts';

function setUp() {
  const lines: Record<string, unknown>[] = [];
  const reported: Refusals[] = [];
  const logger = pino({ base: null }, { write: line => lines.push(JSON.parse(line)) });
  const log = new RefusalLog(logger, refusals => reported.push(refusals));
  return { lines, reported, log };
}

const refusal = { code: 1401, why: 'the stream key has expired', peer: '127.0.0.1:5000' };

test('the first refusal is logged at once, the rest once a second with their number and the last one', () => {
  const { lines, log } = setUp();
  for (let ms = 0; ms < 1_000; ms += 10) log.add(refusal, ms);
  expect(lines).toEqual([expect.objectContaining({ refused: 1, ...refusal })]);
  log.add({ ...refusal, code: 1409 }, 1_000);
  expect(lines.at(1)).toMatchObject({ refused: 100, code: 1409 });
});

test('a pending line is written by a flush without another refusal', () => {
  const { lines, log } = setUp();
  log.add(refusal, 0);
  log.add(refusal, 10);
  log.flush(500);
  expect(lines).toHaveLength(1);
  log.flush(1_001);
  log.flush(5_000);
  expect(lines.map(line => line.refused)).toEqual([1, 1]);
});

test('closing writes what is pending, once', () => {
  const { lines, log } = setUp();
  log.add(refusal, 0);
  log.add(refusal, 10);
  log.close();
  log.close();
  expect(lines).toHaveLength(2);
});

test('what a line says is reported; after closing there are lines only', () => {
  const { lines, reported, log } = setUp();
  log.add(refusal, 0);
  log.add(refusal, 10);
  log.add({ ...refusal, code: 1409 }, 20);
  log.close();
  expect(reported).toEqual([
    { ...refusal, refused: 1, codes: { 1401: 1 } },
    { ...refusal, code: 1409, refused: 2, codes: { 1401: 1, 1409: 1 } },
  ]);
  log.add({ ...refusal, code: 1503 }, 5_000);
  log.close();
  expect(lines).toHaveLength(3);
  expect(reported).toHaveLength(2);
});
