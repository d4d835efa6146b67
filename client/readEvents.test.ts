import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEvents, type ServerSentEvent } from './readEvents.ts';

/** The events of a text that comes in pieces of these lengths. */
async function read(text: string, lengths: readonly number[] = [], onRetry?: (ms: number) => void) {
  const bytes = new TextEncoder().encode(text);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (const length of lengths) {
      yield bytes.subarray(at, at + length);
      at += length;
    }
    yield bytes.subarray(at);
  }
  const events: ServerSentEvent[] = [];
  for await (const event of readEvents(pieces(), onRetry)) events.push(event);
  return events;
}

const text =
  'retry: 2000\n\n: \n\nid: 1\nevent: READY\ndata: {"a":"ü€𝄞"}\n\nid: 2\r\ndata: x\r\ndata:y\r\n\r\ndata\rfoo: bar\r\rid: 3\ndata: z';

test('reads id, event, data, comments and retry, with each kind of line end', async () => {
  let pause = 0;
  expect(await read(text, [], ms => (pause = ms))).toEqual([
    { id: '1', event: 'READY', data: '{"a":"ü€𝄞"}' },
    { id: '2', event: 'message', data: 'x\ny' },
    { id: '2', event: 'message', data: '' },
    // The last one has no end: the connection broke off in the middle of it.
  ]);
  expect(pause).toBe(2_000);
});

test('wherever the bytes are cut, the events are the same', async () => {
  const whole = await read(text);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(9), { maxLength: 60 }), async lengths => {
      expect(await read(text, lengths)).toEqual(whole);
    }),
  );
});

test('an event that never ends is an error, not memory', async () => {
  await expect(read(`data: ${'x'.repeat(2_000_000)}`)).rejects.toThrow('more than 1000000 characters');
  await expect(read('data: 123456789\n'.repeat(200_000))).rejects.toThrow('more than 1000000 characters');
});
