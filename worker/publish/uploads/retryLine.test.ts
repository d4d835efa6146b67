import { expect, test } from 'vitest';
import { RetryLine } from './retryLine.ts';

const never = new AbortController().signal;

/** Names stand in line; told in the order of their turns. */
function line(names: readonly string[], options: { probeMs?: number; signal?: AbortSignal } = {}) {
  const made = new RetryLine(options.probeMs ?? 60_000);
  const turns: string[] = [];
  const ends = names.map(async name => {
    const turn = await made.turn(options.signal ?? never);
    turns.push(turn ? name : `not ${name}`);
  });
  return { made, turns, ended: Promise.all(ends) };
}

test('a success gives turns to two, the newest first', async () => {
  const { made, turns, ended } = line(['1', '2', '3', '4', '5']);
  made.advance();
  await Promise.resolve();
  expect(turns).toEqual(['5', '4']);
  made.advance();
  made.advance();
  await ended;
  expect(turns).toEqual(['5', '4', '3', '2', '1']);
  made.close();
});

test('a line that stands still tries one at a time', async () => {
  const { made, turns, ended } = line(['1', '2'], { probeMs: 20 });
  await ended;
  expect(turns).toEqual(['2', '1']);
  made.close();
});

test('who gives up leaves the line, and the others keep their turns', async () => {
  const made = new RetryLine(60_000);
  const gone = new AbortController();
  const stays = made.turn(never);
  const leaves = made.turn(gone.signal);
  gone.abort();
  expect(await leaves).toBe(false);
  made.advance();
  expect(await stays).toBe(true);
  expect(await made.turn(gone.signal)).toBe(false);
  made.close();
});

test('a closed line lets everybody go, those who come later too', async () => {
  const { made, turns, ended } = line(['1', '2']);
  made.close();
  await ended;
  expect(turns).toEqual(['not 1', 'not 2']);
  expect(await made.turn(never)).toBe(false);
});
