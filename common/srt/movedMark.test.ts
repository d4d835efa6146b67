import { expect, test } from 'vitest';
import { movedMark } from './movedMark.ts';
import { parseSrtStreamId } from './parseSrtStreamId.ts';

test.each([
  ['the form of our URLs', 'mode=publish,rid=live,token=a.b.c', true],
  ['the standard form', '#!::r=live,m=publish,s=a.b.c', true],
  ['with what an encoder appends', 'mode=publish,rid=live,token=a.b.c#feedback', true],
  ['text that is percent-encoded whole', encodeURIComponent('#!::r=live,m=publish,s=a.b.c'), false],
  ['text that was pasted with its name', 'streamid=mode=publish,rid=live,token=a.b.c', false],
  ['no room', `mode=publish,rid=live,token=${'a'.repeat(480)}`, false],
])('%s', (_name, text, isMarked) => {
  const marked = movedMark.add(text);
  expect(movedMark.isIn(marked)).toBe(isMarked);
  expect(movedMark.isIn(text)).toBe(false);
  expect(movedMark.strip(marked)).toBe(text);
  expect(movedMark.strip(text)).toBe(text);
  expect(parseSrtStreamId(marked)).toEqual(parseSrtStreamId(text));
  expect(Buffer.byteLength(marked)).toBeLessThanOrEqual(512);
});
