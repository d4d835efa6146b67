import { describe, expect, test } from 'vitest';
import type { ElementaryStream } from '../segment/ts/tsCodec.ts';
import { chooseInputs, isSameInputs } from './chooseInputs.ts';

const video: ElementaryStream = { pid: 256, kind: 'video', codec: 'h264' };
const aac: ElementaryStream = { pid: 257, kind: 'audio', codec: 'aac' };
const ac3: ElementaryStream = { pid: 258, kind: 'audio', codec: 'ac3' };
const data: ElementaryStream = { pid: 259, kind: 'other', codec: 'type 0x86' };

describe('chooseInputs', () => {
  test.each([
    ['video with sound', [video, aac], [257], { video, audio: aac }],
    ['no audio announced', [video, data], [259], { video, audio: 'none' }],
    ['announced audio that does not come', [video, aac], [], { video, audio: 'silence' }],
    ['the first audio is dead, the second is not', [video, aac, ac3], [258], { video, audio: ac3 }],
    ['audio only', [aac], [257], undefined],
  ])('%s', (_, streams, carried, expected) => {
    expect(chooseInputs(streams, pid => carried.includes(pid))).toEqual(expected);
  });

  test('the first audio coming alive later is no reason to leave the second', () => {
    expect(chooseInputs([video, aac, ac3], () => true, { video, audio: ac3 })?.audio).toBe(ac3);
  });

  test('audio that is announced later is waited for without a silent span between', () => {
    expect(chooseInputs([video, aac], () => false, { video, audio: 'none' })?.audio).toBe('none');
  });

  test.each([
    ['the same', { video, audio: aac }, true],
    ['another codec on the same PID', { video: { ...video, codec: 'hevc' }, audio: aac }, false],
    ['another audio', { video, audio: ac3 }, false],
    ['silence', { video, audio: 'silence' as const }, false],
    ['another picture size', { video, audio: aac, format: 'b' }, false],
    ['a picture size not seen', { video, audio: aac, format: undefined }, true],
  ])('isSameInputs: %s', (_, inputs, same) => {
    expect(isSameInputs({ video, audio: aac, format: 'a' }, { format: 'a', ...inputs })).toBe(same);
  });
});
