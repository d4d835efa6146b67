import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSrtStreamId } from './parseSrtStreamId.ts';

const request = { mode: 'publish', resource: 'live-1', token: 'aaa.bbb.ccc' };

describe('parseSrtStreamId', () => {
  test.each([
    ['the form of our URLs', 'mode=publish,rid=live-1,token=aaa.bbb.ccc', request],
    ['short names, another order', 'token=aaa.bbb.ccc,r=live-1,m=publish', request],
    ['the standard form', '#!::r=live-1,m=publish,token=aaa.bbb.ccc', request],
    ['the standard form with names of other servers', '#!::u=me,r=live-1,h=host,m=publish,token=aaa.bbb.ccc', request],
    ['percent-encoded whole', encodeURIComponent('mode=publish,rid=live-1,token=aaa.bbb.ccc'), request],
    ['percent-encoded #!:: only', '%23!::r=live-1,m=publish,token=aaa.bbb.ccc', request],
    ['percent-encoded commas', 'mode=publish%2Crid=live-1%2Ctoken=aaa.bbb.ccc', request],
    ['a suffix from an encoder', 'mode=publish,rid=live-1,token=aaa.bbb.ccc#feedbackplay', request],
    ['a suffix on the standard form', '#!::m=publish,r=live-1,token=aaa.bbb.ccc#x=y', request],
    ['a pasted line end', ' mode=publish,rid=live-1,token=aaa.bbb.ccc\n', request],
    ['only the first = divides', 'mode=publish,rid=live-1,token=a=b==', { ...request, token: 'a=b==' }],
    ['no token', 'mode=publish,rid=live-1', { ...request, token: undefined }],
    ['no mode', 'rid=live-1,token=aaa.bbb.ccc', { ...request, mode: undefined }],
    ['a name of Object.prototype', 'constructor=x,toString=y,rid=live-1', { mode: undefined, resource: 'live-1' }],
    ['empty', '', undefined],
    ['no resource', 'mode=publish,token=aaa.bbb.ccc', undefined],
    ['an empty resource', 'mode=publish,rid=,token=aaa.bbb.ccc', undefined],
    ['a bare name', 'live-1', undefined],
    ['a resource named twice', 'rid=live-1,r=live-2,mode=publish', undefined],
    ['a stray percent sign', 'mode%', undefined],
  ])('%s', (_name, text, expected) => {
    expect(parseSrtStreamId(text)).toEqual(expected);
  });

  test('never throws, whatever a caller sends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 512 }), text => {
        parseSrtStreamId(text);
        parseSrtStreamId(`#!::r=${text}`);
      }),
    );
  });
});
