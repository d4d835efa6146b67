import { expect, test } from 'vitest';
import { actionOf } from './keyActions.js';

const key = (name: string, tagName = 'BODY', modifiers = {}) =>
  actionOf({ key: name, ctrlKey: false, metaKey: false, altKey: false, target: { tagName }, ...modifiers });

test.each([
  [' ', 'playOrPause'],
  ['k', 'playOrPause'],
  ['K', 'playOrPause'],
  ['m', 'mute'],
  ['f', 'fullscreen'],
  ['l', 'goLive'],
  ['ArrowLeft', 'back'],
  ['ArrowRight', 'forward'],
  ['x', undefined],
  ['toString', undefined],
])('%s', (name, action) => {
  expect(key(name)).toBe(action);
});

test('keys that a control needs, and those of the browser, are left alone', () => {
  expect(key(' ', 'BUTTON')).toBeUndefined();
  expect(key('m', 'BUTTON')).toBe('mute');
  expect(key('ArrowLeft', 'INPUT')).toBeUndefined();
  expect(key('k', 'SELECT')).toBeUndefined();
  expect(key('f', 'BODY', { ctrlKey: true })).toBeUndefined();
  expect(key('l', 'BODY', { metaKey: true })).toBeUndefined();
});
