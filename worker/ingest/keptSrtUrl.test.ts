import { expect, test } from 'vitest';
import { keptSrtUrl } from './keptSrtUrl.ts';

const FRESH = 'srt://live.example.org:20000?streamid=mode=publish,rid=a,token=new';

test.each([
  ['the same host and port', 'srt://live.example.org:20000?streamid=mode=publish,rid=a,token=old', true],
  ['another port', 'srt://live.example.org:20001?streamid=mode=publish,rid=a,token=old', false],
  ['a port that begins alike', 'srt://live.example.org:2000?streamid=mode=publish,rid=a,token=old', false],
  ['another host', 'srt://203.0.113.7:20000?streamid=mode=publish,rid=a,token=old', false],
  ['no URL before', undefined, false],
])('%s', (_name, before, kept) => {
  expect(keptSrtUrl(before, FRESH)).toBe(kept ? before : FRESH);
});
