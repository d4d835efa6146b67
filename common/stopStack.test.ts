import { expect, test, vi } from 'vitest';
import { StopStack } from './stopStack.ts';

function stackOf(steps: Record<string, () => unknown>): { stack: StopStack; ran: string[] } {
  const stack = new StopStack();
  const ran: string[] = [];
  for (const [name, step] of Object.entries(steps)) {
    stack.push(name, () => {
      ran.push(name);
      return step();
    });
  }
  return { stack, ran };
}

test('releases in reverse, one after the other', async () => {
  const gate = Promise.withResolvers<void>();
  const { stack, ran } = stackOf({ first: () => 1, second: () => gate.promise, third: () => 3 });
  const stopping = stack.stop();
  await vi.waitFor(() => expect(ran).toEqual(['third', 'second']), { timeout: 10_000 });
  gate.resolve();
  await stopping;
  expect(ran).toEqual(['third', 'second', 'first']);
});

test('a second call waits for the first and runs nothing again', async () => {
  const { stack, ran } = stackOf({ only: () => undefined });
  await Promise.all([stack.stop(), stack.stop()]);
  await stack.stop();
  expect(ran).toEqual(['only']);
});

test('runs every step even when some fail, and reports all failures', async () => {
  const fail = (why: string) => () => {
    throw new Error(why);
  };
  const { stack, ran } = stackOf({ a: fail('x'), b: () => 1, c: () => Promise.reject(new Error('y')) });
  const failure = await stack.stop().catch((error: unknown) => error);
  expect(ran).toEqual(['c', 'b', 'a']);
  expect(failure).toBeInstanceOf(AggregateError);
  const { message, errors } = failure as AggregateError;
  expect(message).toBe('stopping c failed; stopping a failed');
  expect(errors.map((error: Error) => (error.cause as Error).message)).toEqual(['y', 'x']);
});

test('an empty one stops', async () => {
  await expect(new StopStack().stop()).resolves.toBeUndefined();
});

test('a step that hangs does not hold up the others, and is named', async () => {
  const stack = new StopStack();
  const ran: string[] = [];
  stack.push('first', () => ran.push('first'));
  stack.push('hanging', () => new Promise(() => undefined), 20);
  await expect(stack.stop()).rejects.toThrow('stopping hanging failed');
  expect(ran).toEqual(['first']);
});
