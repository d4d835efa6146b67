import { describe, expect, test } from 'vitest';
import { parseStreamRecord } from './streamRecord.ts';

const hash = {
  ...{ streamId: 'a', run: 'r1', state: 'READY', reason: 'listening', abr: '0', webhookUrls: '[]' },
  ...{ createdAt: '1', updatedAt: '2' },
};

describe('parseStreamRecord', () => {
  test.each([
    ['0', 'transcode'],
    ['1', 'ladder'],
  ])('a record of a version without profiles, abr %s, is %s', (abr, profile) => {
    expect(parseStreamRecord({ ...hash, abr })).toMatchObject({ profile, abr: abr === '1' });
  });

  test('profile and fallback are read', () => {
    expect(parseStreamRecord({ ...hash, profile: 'passthrough', fallback: 'no_idr' })).toMatchObject({
      ...{ profile: 'passthrough', fallback: 'no_idr' },
    });
    expect(parseStreamRecord({ ...hash, profile: 'passthrough', fallback: '' })?.fallback).toBe('');
    expect(() => parseStreamRecord({ ...hash, profile: 'other' })).toThrow();
  });

  test('of nothing is nothing', () => expect(parseStreamRecord({})).toBeUndefined());
});
