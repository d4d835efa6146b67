import { expect, test } from 'vitest';
import { readEvents } from './readEvents.ts';

test('data of events that come in pieces, comments left out', async () => {
  const text = ': \n\nretry: 1\n\nid: 1\nevent: a\ndata: {"a":"ä: b"}\n\n: \n\ndata: {"b":2}\n\ndata: {"half":';
  for (const size of [1, 2, 7, 1_000]) {
    const bytes = Buffer.from(text);
    const pieces = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const read: unknown[] = [];
    for await (const event of readEvents(pieces())) read.push(event);
    expect(read).toEqual([{ a: 'ä: b' }, { b: 2 }]);
  }
});
