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
    ['the standard form with t', '#!::r=live-1,m=publish,t=aaa.bbb.ccc', request],
    ['the standard form with s', '#!::m=publish,s=aaa.bbb.ccc,r=live-1', request],
    ['the standard form with a type and s', '#!::r=live-1,t=stream,m=publish,s=aaa.bbb.ccc', request],
    ['a type is no token', '#!::r=live-1,t=Stream,m=publish', { ...request, token: undefined }],
    ['token before s and t', '#!::r=live-1,t=x,s=y,token=aaa.bbb.ccc,m=publish', request],
    ['spaces', '  mode = publish , rid= live-1 ,token =aaa.bbb.ccc ,', request],
    ['capitals', 'MODE=Publish,Rid=live-1,Token=aaa.bbb.ccc', request],
    ['a percent-encoded suffix', 'mode%3Dpublish%2Crid%3Dlive-1%2Ctoken%3Daaa.bbb.ccc%23feedbackplay', request],
    ['spaces that were percent-encoded', 'mode=publish,%20rid=live-1,%20token=aaa.bbb.ccc', request],
    ['pasted with its name', 'streamid=mode=publish,rid=live-1,token=aaa.bbb.ccc', request],
    ['pasted with a question mark, in quotes', '"?streamid=mode=publish,rid=live-1,token=aaa.bbb.ccc"', request],
    ['pasted with the rest of the URL', 'mode=publish,rid=live-1,token=aaa.bbb.ccc&latency=200000', request],
    [
      'pasted with its name, percent-encoded',
      encodeURIComponent(`'streamid=#!::r=live-1,m=publish,t=aaa.bbb.ccc'`),
      request,
    ],
    ['a pasted line end', ' mode=publish,rid=live-1,token=aaa.bbb.ccc\n', request],
    ['only the first = divides', 'mode=publish,rid=live-1,token=a=b==', { ...request, token: 'a=b==' }],
    ['no token', 'mode=publish,rid=live-1', { ...request, token: undefined }],
    ['no mode', 'rid=live-1,token=aaa.bbb.ccc', { ...request, mode: undefined }],
    ['a name of Object.prototype', 'constructor=x,toString=y,rid=live-1', { mode: undefined, resource: 'live-1' }],
    ['empty', '', undefined],
    ['no resource', 'mode=publish,token=aaa.bbb.ccc', undefined],
    ['an empty resource', 'mode=publish,rid=,token=aaa.bbb.ccc', undefined],
    ['a bare name', 'live-1', undefined],
    ['a token named twice', 'rid=live-1,token=a,TOKEN=b,mode=publish', undefined],
    ['a resource named twice', 'rid=live-1,r=live-2,mode=publish', undefined],
    ['a stray percent sign', 'mode%', undefined],
  ])('%s', (_name, text, expected) => {
    expect(parseSrtStreamId(text)).toEqual(expected);
  });

  test('never throws, and makes up nothing, whatever a caller sends', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 512 });
    const pieces = fc.constantFrom(
      '#!::',
      'm=',
      'mode=publish',
      'r=',
      'rid=a',
      'token=',
      't=',
      's=',
      ',',
      '=',
      '%',
      '%2C',
      '#',
      '&',
      ' ',
      '"',
    );
    const nearly = fc
      .array(fc.oneof(pieces, fc.string({ maxLength: 8 })), { maxLength: 40 })
      .map(list => list.join(''));
    fc.assert(
      fc.property(fc.oneof(anything, nearly), text => {
        const read = parseSrtStreamId(text);
        if (!read) return;
        const source = decodeOrNot(text);
        for (const value of [read.resource, read.token]) if (value) expect(`${text} ${source}`).toContain(value);
        expect(read.resource).not.toBe('');
      }),
      { numRuns: 2_000 },
    );
  });

  test('reads what it was given, in any order, with spaces and capitals, encoded or not, with any suffix', () => {
    const word = (alphabet: string, maxLength: number) =>
      fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength });
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';
    const space = fc.constantFrom('', ' ', '\t');
    fc.assert(
      fc.property(
        fc.record({
          rid: word(letters, 64),
          token: word(`${letters}.`, 300),
          names: fc.constantFrom(['mode', 'rid', 'token'], ['m', 'r', 's'], ['M', 'R', 'T'], ['Mode', 'RID', 'Token']),
          order: fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
          prefix: fc.constantFrom('', '#!::', 'streamid='),
          suffix: fc.constantFrom('', '#feedbackplay', '&latency=200000', ',', ',u=me', '\n'),
          space,
          isEncoded: fc.boolean(),
        }),
        ({ rid, token, names, order, prefix, suffix, space: s, isEncoded }) => {
          fc.pre(!/^(stream|file|auth)$/i.test(token));
          const pairs = ['publish', rid, token].map((value, i) => `${names[i]}${s}=${s}${value}`);
          const text = `${prefix}${order.map(i => pairs[i]).join(`,${s}`)}${suffix}`;
          expect(parseSrtStreamId(isEncoded ? encodeURIComponent(text) : text)).toEqual({
            mode: 'publish',
            resource: rid,
            token,
          });
        },
      ),
    );
  });
});

function decodeOrNot(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
